"""Which sources are asked, and how what they give is joined with chunks."""

import pytest

from retrieval.errors import InvalidRequest, TooLarge
from retrieval.routing.source_router import SourceRouter, joined
from retrieval.sources import Found
from retrieval.types import Chunk, Computed, Hit


def hit(key: int, *, sure: bool | None = None) -> Hit:
    computed = None if sure is None else Computed("SELECT 1", sure)
    chunk = Chunk(key, f"c{key}", "d", "note.txt", f"text {key}", 0, 6, None, (), 0)
    return Hit(chunk, 1.0, {"dense_rank": 1.0}, computed=computed)


class Scripted:
    """A source that gives one hit, or fails."""

    def __init__(self, failure: TooLarge | None = None) -> None:
        self.asked: list[str] = []
        self.failure = failure
        self.of_tables = {"tables": 2.0, "written": 1.0, "covered": 1.0}

    def find(self, question: str, collection: str, limit: int) -> Found:
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure
        return Found([hit(-1, sure=True)], "SELECT 1")

    def signals(self, question: str, collection: str) -> dict[str, float]:
        return self.of_tables


def keys(hits: object) -> list[int]:
    return [item.chunk.key for item in hits]  # type: ignore[attr-defined]


def test_what_is_sure_stands_first_and_what_is_not_behind_the_best_chunk() -> None:
    chunks = [hit(1), hit(2), hit(3)]
    assert keys(joined(chunks, {"tables": [hit(-1, sure=True)]})) == [-1, 1, 2, 3]
    assert keys(joined(chunks, {"tables": [hit(-1, sure=False)]})) == [1, -1, 2, 3]


def test_a_chunk_that_another_source_found_as_well_moves_up_and_is_shown_once() -> None:
    found = joined([hit(1), hit(2), hit(3)], {"graph": [hit(3)]})
    assert keys(found) == [3, 1, 2]
    assert found[0].why == {"dense_rank": 1.0, "graph_rank": 1}


def test_a_source_that_fails_is_left_out_unless_it_was_asked_for_by_name() -> None:
    source = Scripted(TooLarge("too many rows"))
    router = SourceRouter({"tables": source}, source)
    routed = router.route("How many orders are there?", "default", "auto")
    assert routed.sources == ("documents", "tables")
    found = router.find(routed, "How many orders are there?", "default")
    assert (found["tables"].hits, found["tables"].details) == ((), {"failed": "too many rows"})
    with pytest.raises(TooLarge):
        router.find(router.route("x", "default", "tables"), "x", "default")


def test_a_question_for_documents_asks_no_other_source() -> None:
    source = Scripted()
    router = SourceRouter({"tables": source}, source)
    assert router.route("How many orders are there?", "default", "documents").sources == ("documents",)
    assert router.route("How many orders are there?", "default", "none").sources == ()
    assert router.route("Good morning!", "default", "auto").sources == ()
    assert source.asked == []


def test_a_graph_is_asked_where_there_is_one() -> None:
    question = "How is Ann Berg connected to Quire & Co?"
    assert SourceRouter({"graph": Scripted()}).route(question, "default", "auto").sources == ("documents", "graph")
    assert SourceRouter().route(question, "default", "auto").sources == ("documents",)


def test_a_source_that_is_not_there_cannot_be_asked_for() -> None:
    with pytest.raises(InvalidRequest, match="no source 'graph'") as refused:
        SourceRouter({"tables": Scripted()}).route("x", "default", "graph")
    assert refused.value.allowed == ("auto", "documents", "tables")


def test_tables_are_asked_only_where_there_are_some_and_the_question_may_be_for_them() -> None:
    source = Scripted()
    router = SourceRouter({"tables": source}, source)
    source.of_tables = {"tables": 2.0, "covered": 0.0}
    assert router.route("Why did the committee change its mind?", "default", "auto").sources == ("documents",)
    source.of_tables = {"tables": 0.0}
    assert router.route("How many orders are there?", "default", "auto").sources == ("documents",)
