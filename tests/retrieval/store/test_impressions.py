"""What was shown and what was said of it: bounded, told once, and gone with its documents."""

import numpy as np
import pytest

from retrieval.errors import InvalidRequest, NotFound
from retrieval.store import chunks, collections, impressions
from retrieval.store.impressions import FeedbackValue, Impression, ShownHit
from tests.fakes import Library

NAMES = ("cosine", "bm25")


def shown(library: Library, number: int, *documents: str, explored: int = 0) -> Impression:
    """An impression of the first chunk of each document, noted down."""
    with library.database.write() as connection:
        keys = [chunks.keys_of_document(connection, document)[0] for document in documents]
        hits = [
            ShownHit(place, key, np.array([place, number], dtype=np.float32)) for place, key in enumerate(keys, start=1)
        ]
        made = Impression(f"request-{number}", "default", "search", f"query {number}", "r", NAMES, explored, hits)
        impressions.add(connection, [made])
        return made


def judge(
    library: Library, number: int, value: FeedbackValue, chunk: str | None = None, place: int | None = None
) -> None:
    with library.database.write() as connection:
        impressions.judge(connection, f"request-{number}", chunk, place, value)


def judged(library: Library) -> list[tuple[int, bool]]:
    with library.database.read() as connection:
        return [(row.position, row.is_wanted) for row in impressions.judged(connection, "default", "search", NAMES)]


@pytest.fixture
def documents(library: Library) -> list[str]:
    return [library.add(f"Document number {number} about kettles.").id for number in range(3)]


def test_a_click_is_remembered_with_the_features_of_everything_shown(library: Library, documents: list[str]) -> None:
    shown(library, 1, *documents, explored=2)
    judge(library, 1, "click", place=2)
    with library.database.read() as connection:
        rows = impressions.judged(connection, "default", "search", NAMES)
    assert [row.is_wanted for row in rows] == [False, True, False]
    assert [row.features.tolist() for row in rows] == [[1, 1], [2, 1], [3, 1]]
    assert {(row.query, row.explored) for row in rows} == {("query 1", 2)}


def test_the_same_again_changes_nothing_and_the_opposite_replaces(library: Library, documents: list[str]) -> None:
    shown(library, 1, *documents)
    for _ in range(3):
        judge(library, 1, "helpful", place=1)
    with library.database.read() as connection:
        assert impressions.usage(connection, "default").helpful == 1
    judge(library, 1, "click", place=1)
    judge(library, 1, "unhelpful", place=1)
    with library.database.read() as connection:
        found = impressions.usage(connection, "default")
    assert (found.clicks, found.helpful, found.unhelpful) == (1, 0, 1)
    assert judged(library)[0] == (1, False)  # opened, and found to be useless


def test_the_whole_can_be_judged_but_not_clicked(library: Library, documents: list[str]) -> None:
    shown(library, 1, *documents)
    judge(library, 1, "helpful")
    assert not any(wanted for _, wanted in judged(library))
    with pytest.raises(InvalidRequest, match="A click is on a hit"):
        judge(library, 1, "click")


def test_what_was_not_shown_is_refused(library: Library, documents: list[str]) -> None:
    shown(library, 1, *documents[:2])
    with library.database.read() as connection:
        other = chunks.of_document(connection, documents[2], 1, 0)[0].id
    with pytest.raises(NotFound, match="Nothing is kept"):
        judge(library, 2, "click", place=1)
    for chunk, place in ((other, None), ("nowhere", None), (None, 3)):
        with pytest.raises(InvalidRequest, match="did not show it"):
            judge(library, 1, "click", chunk, place)


def test_only_the_newest_are_kept(library: Library, documents: list[str]) -> None:
    for number in range(5):
        shown(library, number, *documents)
        judge(library, number, "click", place=1)
    with library.database.write() as connection:
        impressions.keep_newest(connection, 2)
        assert impressions.usage(connection, "default").impressions == 2
        assert impressions.usage(connection, "default").clicks == 2


def test_rows_go_with_their_document_and_its_collection(library: Library, documents: list[str]) -> None:
    shown(library, 1, *documents)
    judge(library, 1, "click", place=1)
    judge(library, 1, "click", place=2)
    library.remove(documents[0])
    assert judged(library) == [(2, True), (3, False)]
    with library.database.read() as connection:
        assert impressions.usage(connection, "default").clicks == 1
    for document in documents[1:]:
        library.remove(document)
    with library.database.write() as connection:
        impressions.keep_newest(connection, 100)
        assert impressions.usage(connection, "default").impressions == 0
        collections.remove(connection, "default")


def test_what_is_deleted_before_it_is_written_down_is_left_out(library: Library, documents: list[str]) -> None:
    with library.database.read() as connection:
        keys = [chunks.keys_of_document(connection, document)[0] for document in documents]
    library.remove(documents[1])
    hits = [ShownHit(place, key, np.zeros(2, dtype=np.float32)) for place, key in enumerate(keys, start=1)]
    with library.database.write() as connection:
        made = Impression("request-7", "default", "search", "kettles", "r", NAMES, 0, hits)
        gone = Impression("request-8", "gone", "search", "kettles", "r", NAMES, 0, hits)
        impressions.add(connection, [made, gone])
    assert [place for place, _ in judged(library)] == [1, 3]


def test_impressions_by_other_features_are_not_mixed_in(library: Library, documents: list[str]) -> None:
    shown(library, 1, *documents)
    with library.database.read() as connection:
        assert impressions.judged(connection, "default", "search", ("cosine", "moon_phase")) == []
