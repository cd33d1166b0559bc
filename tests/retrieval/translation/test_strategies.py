"""Strategies over a scripted look: what each makes of passages, and of a model's text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.translation.decomposition import split
from retrieval.translation.looking import Leader, Rewrite
from retrieval.translation.strategies import STRATEGIES, UNWRITTEN
from retrieval.translation.writing import Writer
from tests.fakes import HashEmbedder, ScriptedCompletions

EMBEDDER = HashEmbedder()


def leader(key: int, text: str, *headings: str) -> Leader:
    return Leader(key, headings, text, EMBEDDER.embed_query(" ".join([*headings, text])))


@dataclass
class ScriptedLook:
    """Every query finds the passages that share a term with it; links are given."""

    question: str
    passages: Sequence[Leader]
    links: Mapping[int, Sequence[int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def vector(self) -> NDArray[np.float32]:
        return EMBEDDER.embed_query(self.question)

    def leaders(self, count: int) -> Sequence[Leader]:
        return self.passages[:count]

    def leaders_of(self, rewrite: Rewrite, count: int) -> Sequence[Leader]:
        self.asked.append(rewrite.text)
        wanted = set(terms(rewrite.text))
        return [item for item in self.passages if wanted & set(terms(" ".join(item.headings)))][:count]

    def rarity(self, terms: Sequence[str]) -> Mapping[str, float]:
        return {term: 0.1 if term in {"the", "is", "a", "of", "and"} else 1.0 for term in terms}

    def passage_vector(self, text: str) -> NDArray[np.float32]:
        return EMBEDDER.embed_query(text)

    def linked(self, leader: Leader) -> Sequence[Leader]:
        return [item for item in self.passages if item.key in self.links.get(leader.key, ())]


RIVERS = [
    leader(1, "The Danube carries barges through ten countries to the delta.", "Rivers", "The Danube"),
    leader(2, "The Rhine carries barges past Cologne and other harbours.", "Rivers", "The Rhine"),
    leader(3, "Barges are towed on canals.", "Canals"),
]


def written(text: str) -> Writer:
    return Writer(ScriptedCompletions(lambda _: text), frozenset({"en"}), 5)


def test_multi_query_adds_words_of_the_first_passages_that_the_question_lacks() -> None:
    (rewrite,) = STRATEGIES["multi_query"](ScriptedLook("Which river carries goods?", RIVERS), None).rewrites
    assert rewrite.text.startswith("Which river carries goods? ")
    assert "barges" in rewrite.text.casefold()
    assert rewrite.vote < 1


def test_rag_fusion_goes_the_ways_of_different_passages() -> None:
    rewrites = STRATEGIES["rag_fusion"](ScriptedLook("Which river carries goods?", RIVERS), None).rewrites
    assert len({rewrite.text for rewrite in rewrites}) == 3
    assert {rewrite.vote for rewrite in rewrites} == {1.0}


def test_hyde_searches_between_the_question_and_its_first_passages() -> None:
    look = ScriptedLook("Which river carries goods?", RIVERS)
    (rewrite,) = STRATEGIES["hyde"](look, None).rewrites
    assert rewrite.vector is not None
    assert float(np.linalg.norm(rewrite.vector)) == pytest.approx(1, abs=1e-5)
    assert all(float(rewrite.vector @ item.vector) > float(look.vector @ item.vector) for item in RIVERS)


def test_step_back_asks_for_what_the_first_passages_lie_under() -> None:
    (rewrite,) = STRATEGIES["step_back"](ScriptedLook("Which river carries goods?", RIVERS), None).rewrites
    assert rewrite.text == "Rivers"


def test_decomposition_asks_for_each_thing_and_then_for_what_it_leads_to() -> None:
    films = [
        leader(1, "Red Dawn was directed by Ann Lee. It was long.", "Red Dawn"),
        leader(2, "Blue Noon was directed by Bob Stone.", "Blue Noon"),
    ]
    look = ScriptedLook("Which film has the older director, Red Dawn or Blue Noon?", films)
    texts = [rewrite.text for rewrite in STRATEGIES["decomposition"](look, None).rewrites]
    assert texts[:2] == [
        "Which film has the older director, Red Dawn?",
        "Which film has the older director, Blue Noon?",
    ]
    assert any(text.startswith("Ann Lee") and "older" in text for text in texts[2:])
    assert any(text.startswith("Bob Stone") for text in texts[2:])


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Who was born later, George Lambton or Osman Berg?",
            ["Who was born later, George Lambton?", "Who was born later, Osman Berg?"],
        ),
        ("What is leave and how is it counted?", ["What is leave", "how is it counted?"]),
        ("年假和病假有什么区别？", ["年假有什么区别？", "病假有什么区别？"]),
        ("How long is the Danube?", []),
    ],
)
def test_questions_for_several_things_are_split_and_others_are_not(question: str, parts: Sequence[str]) -> None:
    assert split(question) == parts


def test_iterative_follows_links_round_after_round_and_stops_when_nothing_is_new() -> None:
    chain = [
        leader(1, "The film was made by Ann Lee.", "Red Dawn"),
        leader(2, "She is the daughter of Carl Lee.", "Ann Lee"),
        leader(3, "He was a sailor.", "Carl Lee"),
    ]

    class First(ScriptedLook):
        def leaders(self, count: int) -> Sequence[Leader]:
            return self.passages[:1]

    made = STRATEGIES["iterative"](First("Who is the grandfather of Red Dawn?", chain, {1: [2], 2: [3], 3: [1]}), None)
    assert [(link.source, link.target) for link in made.links] == [(1, 2), (2, 3)]
    assert [step["followed"] for step in made.rounds] == [["Ann Lee"], ["Carl Lee"]]
    alone = STRATEGIES["iterative"](First("Who is the grandfather of Red Dawn?", chain), None)
    assert alone.links == []
    assert alone.rounds[-1]["stopped"] == "nothing new"


def test_iterative_stops_when_the_passages_hold_what_was_asked() -> None:
    passages = [leader(1, "Red Dawn was made by Ann Lee.", "Red Dawn"), leader(2, "Born in 1950.", "Ann Lee")]
    made = STRATEGIES["iterative"](ScriptedLook("Red Dawn made", passages, {1: [2]}), None)
    assert made.rounds[-1]["stopped"]


@pytest.mark.parametrize("name", sorted(STRATEGIES.keys() - UNWRITTEN))
def test_what_a_model_writes_becomes_queries(name: str) -> None:
    made = STRATEGIES[name](ScriptedLook("Which river carries goods?", RIVERS), written("1. Freight on the Danube"))
    assert [rewrite.text for rewrite in made.rewrites] == ["Freight on the Danube"]


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_nothing_found_and_nothing_asked_break_nothing(name: str) -> None:
    for question in ("", "?", "a", "和", "Which, A or B or C and D?", '"""' * 9):
        made = STRATEGIES[name](ScriptedLook(question, []), None)
        assert len(made.rewrites) <= 8
        assert not made.links
