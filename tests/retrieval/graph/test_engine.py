"""What a statement may cost, in the process that holds the graph engine."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.errors import InvalidRequest, TooLarge
from retrieval.graph import engine
from retrieval.graph.engine import CypherLimits, CypherResult
from tests.retrieval.graph.graphs import Graph, graph

__all__ = ["graph"]

NUMBERS = "UNWIND range(1, 500) AS n RETURN n"
LIMITS = CypherLimits(seconds=10.0)


@pytest.fixture
def path(graph: Graph) -> Path:
    graph.update()
    return graph.projections.of("default").path


def run(path: Path, limits: CypherLimits, *statements: str) -> Sequence[CypherResult]:
    return engine.run(path, statements, limits)


def test_a_result_is_cut_at_its_rows(path: Path) -> None:
    (found,) = run(path, replace(LIMITS, rows=20), NUMBERS)
    assert (len(found.rows), found.cut) == (20, True)
    (whole,) = run(path, LIMITS, NUMBERS)
    assert (len(whole.rows), whole.cut) == (500, False)


def test_all_results_share_their_bytes(path: Path) -> None:
    (alone,) = run(path, replace(LIMITS, size=1_000), NUMBERS)
    assert 50 < len(alone.rows) < 500
    assert alone.cut
    first, second = run(path, replace(LIMITS, size=4_000), NUMBERS, NUMBERS)
    assert (len(first.rows), first.cut) == (500, False)
    assert second.cut


def test_a_statement_without_an_end_is_stopped(path: Path) -> None:
    ranges = " ".join(f"UNWIND range(1, 1000) AS n{number}" for number in range(5))
    never = " + ".join(f"n{number}" for number in range(5)) + " < 0"
    started = time.monotonic()
    with pytest.raises(TooLarge, match="longer than 1 seconds"):
        run(path, replace(LIMITS, seconds=1.0), f"{ranges} WITH * WHERE {never} RETURN count(*)")
    assert time.monotonic() - started < 6  # the limit of processor time would have ended it after 7 seconds


def test_it_opens_no_file_but_its_graph(path: Path, tmp_path: Path) -> None:
    secret, target = tmp_path / "secret.csv", tmp_path / "target.csv"
    secret.write_text("word\nopen sesame\n")
    for statement in (f"COPY (MATCH (n:Entity) RETURN n.name) TO '{target}'", f"LOAD FROM '{secret}' RETURN *"):
        with pytest.raises((InvalidRequest, TooLarge)):
            run(path, LIMITS, statement)
    assert not target.exists()


def test_an_engine_that_needs_more_memory_than_it_may_have_is_no_fault_of_the_statement(path: Path) -> None:
    with pytest.raises(TooLarge, match="memory"):
        run(path, replace(LIMITS, memory=600 * 2**20), NUMBERS)


def test_what_the_engine_does_not_understand_is_the_statements_fault(path: Path) -> None:
    with pytest.raises(InvalidRequest, match="refuses"):
        run(path, LIMITS, "MATCH (n:Nowhere) RETURN n")


def test_further_statements_may_fail_without_harm_to_the_first(path: Path) -> None:
    first, second = run(path, LIMITS, "RETURN 1 AS one", "MATCH (n:Nowhere) RETURN n")
    assert first.rows == ((1,),)
    assert second == CypherResult((), (), cut=False)
