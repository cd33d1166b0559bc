"""Learning from the documents alone: questions of their own words, and a gate that is asked about other documents."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.cold_start import TAUGHT, Teacher, train_from_documents
from retrieval.cross_encoder import PairScorer
from retrieval.errors import Conflict
from retrieval.pseudo_questions import PseudoQuestion, extracted, written
from retrieval.store import chunks, ranker_versions
from retrieval.types import Chunk, SearchRequest
from tests.fakes import Library, scripted_ranker

NOUNS = [f"{first}{second}" for first in ("kel", "mar", "tov", "sim", "bru") for second in ("dan", "pik", "lor", "wen")]


def text(number: int, generator: random.Random) -> str:
    """A document of paragraphs that each have names of their own among words that all share."""
    paragraphs = []
    for part in range(6):
        name = f"{generator.choice(NOUNS)}{number}{part}"
        other = generator.choice(NOUNS)
        filler = " ".join(generator.choice(NOUNS) for _ in range(110))
        paragraphs.append(f"The {name} of {other} was repaired in {1900 + number} by the {name} company. {filler}.")
    return "\n\n".join(paragraphs)


def chunk(words: str, headings: tuple[str, ...] = (), key: int = 1) -> Chunk:
    return Chunk(key, f"c{key}", f"d{key}", "a.txt", words, 0, len(words), None, headings, 0)


def train(library: Library, count: int = 400, teacher: PairScorer | None = None) -> ranker_versions.RankerVersion:
    embedders, ranker = {library.embedder.model_id: library.embedder}, scripted_ranker()
    return train_from_documents(library.database, library.snapshots(), embedders, ranker, "default", count, teacher)


def test_a_version_is_made_judged_and_kept_with_its_figures(library: Library) -> None:
    generator = random.Random(0)
    for number in range(16):
        library.add(text(number, generator), name=f"{number}.txt")
    made = train(library)
    assert made.source == "documents"
    assert made.figures["difference"]["nDCG@10"]["low"] <= made.figures["difference"]["nDCG@10"]["high"]
    better = made.figures["difference"]["nDCG@10"]["low"] > 0 and made.figures["questions"] >= 30
    assert made.is_accepted == (better and made.figures["guard"]["nDCG@10"]["high"] >= 0)
    result = library.retriever().search(SearchRequest("repaired company", "default", 3))
    expected = f"default@{made.number}" if made.is_accepted else "default_ranker"
    assert result.trace.recorded("rank", "ranker") == expected


def test_too_little_text_teaches_nothing(library: Library) -> None:
    library.add("A short note on kettles and pans and other things of the kitchen.")
    with pytest.raises(Conflict, match="are needed"):
        train(library)


class Preferring:
    """A teacher that likes passages with one word best."""

    name = "scripted"

    def __init__(self, word: str) -> None:
        self.word = word
        self.read: list[int] = []

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float64]:
        self.read.append(len(passages))
        return np.array([float(self.word in passage) for passage in passages])


def test_a_teacher_marks_what_it_likes_better_than_the_chunk_a_question_was_made_of(library: Library) -> None:
    for words in ("kettle of copper", "kettle of brass", *(f"pan number {number}" for number in range(20))):
        library.add(f"The {words}.")
    snapshot = library.snapshots().latest("default")
    keys = np.concatenate([part.chunk_keys for part in snapshot.segments]).tolist()
    right = np.arange(len(keys)) == 15
    asked = PseudoQuestion("pan number", keys[15], "d")
    teacher = Preferring("brass")
    assert Teacher(library.database, teacher).grades(asked, keys, right).tolist() == [0, 1, *[0] * 13, 2, *[0] * 6]
    assert teacher.read == [TAUGHT + 1]
    assert Teacher(library.database, None).grades(asked, keys, right).tolist() == (2 * right).tolist()
    assert Teacher(library.database, Preferring("number")).grades(asked, keys, right).tolist() == (2 * right).tolist()


def test_a_version_learns_from_a_teacher_too(library: Library) -> None:
    generator = random.Random(1)
    for number in range(16):
        library.add(text(number, generator), name=f"{number}.txt")
    teacher = Preferring("kel")
    made = train(library, teacher=teacher)
    assert made.number == 1
    assert len(teacher.read) >= 40
    assert max(teacher.read) <= TAUGHT + 1


def test_questions_are_words_of_the_chunk_in_their_order_and_rather_rare_ones() -> None:
    words = "The lighthouse keeper of Elgin counts northern grain ships and their harbour tolls in any winter month"
    rarity = dict.fromkeys(("lighthous", "keeper", "elgin", "northern", "grain", "ship", "harbour", "toll"), 5.0)
    for seed in range(20):
        for question in extracted([chunk(words)], rarity, random.Random(seed)):
            found = [words.index(word) for word in question.text.split()]
            assert found == sorted(found)
            assert 3 <= len(found) <= 7


def test_headings_are_questions_now_and_then() -> None:
    found = extracted([chunk("Nothing.", ("Handbook", "Annual leave and sick days"))], {}, random.Random(0))
    assert [question.text for question in found] == ["Handbook Annual leave and sick days"]


def test_written_questions_are_taken_where_there_are_any(library: Library) -> None:
    document = library.add("The lighthouse was built in 1871.")
    with library.database.read() as connection:
        (key,) = chunks.keys_of_document(connection, document.id)
        assert chunks.represented_as(connection, [key], "questions") == {}
        known = chunks.visible(connection, [key])
    (question,) = written({key: ["When was it built?"], 999: ["Gone?"]}, known, random.Random(0))
    assert (question.text, question.chunk_key, question.document_id) == ("When was it built?", key, document.id)


def test_chinese_is_cut_into_pairs() -> None:
    (question,) = extracted([chunk("员工每年享有十五天带薪年假和病假。")], {}, random.Random(2))
    assert all(len(word) <= 2 for word in question.text.split())
