import re
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generation.alignment import Alignment
from generation.citation_check import CitationCheck
from generation.citations import CitationTracker
from generation.types import Citation
from tests.fakes_generation import passage

EXTRACTED = (
    "第一段。 The Danube passes through ten countries. "
    "The Rhine rises in the Alps, e.g. near St. Gotthard. 全聚德成立于1864年。"
)
PASSAGES = [
    passage(EXTRACTED[5:48], start=5, number=1),
    passage(EXTRACTED[49:99], start=49, number=2),
    passage(EXTRACTED[100:], start=100, number=3),
]


def tracker() -> CitationTracker:
    return CitationTracker(CitationCheck(Alignment("Which rivers?", PASSAGES), PASSAGES))


def follow(pieces: Iterable[str]) -> tuple[str, list[Citation]]:
    following = tracker()
    fed = [following.feed(piece) for piece in pieces]
    fed.append(following.finish())
    return "".join(text for text, _ in fed), [citation for _, citations in fed for citation in citations]


fragments = st.sampled_from(
    [
        "The Danube passes through ten countries",
        "The Rhine rises in the Alps",
        "全聚德成立于1864年",
        "It is 3.14",
        "Mr",
        "The",
    ]
    + [
        "e.g",
        " ",
        "  ",
        "\n",
        "\n\n",
        "- ",
        "1. ",
        ". ",
        ".",
        "。",
        "！",
        "?",
        "...",
        '"',
        "”",
        ")",
        "(",
        "a",
        "J",
        "|",
    ]
    + ["[1]", "[2][3]", "[1, 2]", "[9]", "[", "]", "[1", " [3]", "【2】", "【", "[0]", "[1-3]", "[12345]", ",", "2"]
)
answers = st.lists(fragments, max_size=14).map("".join)


@given(answers, st.data())
@example("The Danube passes through ten countries.\n-  The Rhine rises in the Alps.", None)
@example("A Mr.\n- x", None)
@example("Mr\nThe Danube passes through ten countries", None)
@example("Date: 3 May\nPlace: The Hall", None)
def test_the_way_a_stream_is_cut_changes_nothing(answer: str, data: st.DataObject | None) -> None:
    whole = follow([answer])
    assert follow(list(answer)) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=4)))
        bounds = [0, *cuts, len(answer)]
        assert follow([answer[start:end] for start, end in zip(bounds, bounds[1:], strict=False)]) == whole


@given(answers)
def test_no_number_without_a_passage_and_no_half_marker_is_ever_shown(answer: str) -> None:
    shown, _ = follow(answer)
    nested = re.search(r"[\[【][\d\s,，、;–-]*[\[【]", answer)  # brackets within brackets are text, not markers
    assert nested or not re.search(r"[\[【][\d ,]*$", shown)
    for numbers in re.findall(r"[\[【][ \t]*(\d[\d \t,，、;–-]*)[\]】]", shown):
        assert all(1 <= int(number) <= len(PASSAGES) for number in re.findall(r"\d+", numbers))


@given(answers)
def test_quotes_are_verbatim_and_belong_to_a_marker_in_the_text(answer: str) -> None:
    text, citations = follow([answer])
    for citation in citations:
        assert EXTRACTED[citation.start : citation.end] == citation.quote
        assert f"[{citation.n}]" in text
    assert len(set(citations)) == len(citations)


@given(answers)
def test_the_words_of_the_answer_are_left_as_they_are(answer: str) -> None:
    def letters(text: str) -> list[str]:
        return re.findall(r"[^\W\d_]", text)

    assert letters(follow([answer])[0]) == letters(answer)


@pytest.mark.parametrize("answer", ["Plain words of an answer go", "It is 3.14 or so and", "See e.g. the"])
def test_text_without_markers_passes_at_once_but_for_its_last_word(answer: str) -> None:
    shown, _ = tracker().feed(answer)
    assert answer.startswith(shown)
    assert len(shown) >= len(answer.rsplit(" ", 1)[0]) - 5


def test_the_citation_of_a_sentence_comes_when_the_next_one_begins() -> None:
    following = tracker()
    assert following.feed("The Danube passes through ten countries [1].")[1] == []
    shown, citations = following.feed(" The Rhine ")
    assert [citation.n for citation in citations] == [1]
    assert shown.startswith(" [1].")


def test_an_uncited_sentence_is_cited_in_the_stream_too() -> None:
    text, citations = follow(list("The Danube passes through ten countries. Nobody knows why. 全聚德成立于1864年。"))
    assert text == "The Danube passes through ten countries [1]. Nobody knows why. 全聚德成立于1864年[3]。"
    assert [citation.n for citation in citations] == [1, 3]


def test_the_same_quote_is_reported_once() -> None:
    text, citations = follow(["The Danube passes ten countries [1]. Through ten countries the Danube passes [1]."])
    assert text.count("[1]") == 2
    assert len(citations) == 1
