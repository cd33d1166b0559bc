"""The graph as a file: current with the database, never changed, and gone with what it held."""

import os
import time

from bench.hostile_cypher import HOSTILE
from retrieval.errors import InvalidRequest, TooLarge
from retrieval.graph import engine
from retrieval.graph.engine import CypherLimits
from retrieval.store import documents
from tests.retrieval.graph.graphs import Graph, graph

__all__ = ["graph"]


def test_it_follows_what_is_added_replaced_and_deleted(graph: Graph) -> None:
    question = "Which documents mention Nadia Fenwick?"
    assert graph.rows(question) == [["minutes.txt"]]
    other = graph.library.add("Letters\n\nTo Nadia Fenwick and Ruben Castellane, with thanks.", name="letters.txt")
    assert graph.rows(question) == [["letters.txt"], ["minutes.txt"]]
    with graph.library.database.write() as connection:
        documents.remove(connection, other.id)
    assert graph.rows(question) == [["minutes.txt"]]
    assert graph.ask("Who is Ruben Castellane?").reason == "nothing linked"


def test_there_is_one_file_and_it_is_made_once_for_each_state(graph: Graph) -> None:
    graph.update()
    first = graph.projections.of("default").path
    before = first.stat().st_mtime_ns
    assert graph.projections.of("default").path == first
    assert first.stat().st_mtime_ns == before
    graph.library.add("Plain words of Anna Smith and Bert Jones.", name="more.txt")
    graph.update()
    second = graph.projections.of("default").path
    assert second != first
    assert [path.name for path in second.parent.iterdir()] == [second.name]


def test_a_file_that_vanished_is_made_again(graph: Graph) -> None:
    graph.update()
    graph.projections.of("default").path.unlink()
    assert graph.rows("List all suppliers") == [["Giunta Freni"], ["Plumb Line"]]


def test_files_out_of_date_and_what_dead_makers_left_are_swept(graph: Graph) -> None:
    graph.update()
    current = graph.projections.of("default").path
    old = current.with_name("0123456789ab-7.graph")
    old.write_bytes(b"x")
    left = current.parent / ".making-abc"
    left.mkdir()
    os.utime(left, (time.time() - 7200, time.time() - 7200))
    graph.projections.sweep()
    assert sorted(path.name for path in current.parent.iterdir()) == [current.name]


def test_no_hostile_statement_has_an_effect_even_without_the_guard(graph: Graph) -> None:
    graph.update()
    path = graph.projections.of("default").path
    before = path.read_bytes()
    writing = [text for text in HOSTILE if text.upper().startswith(("CREATE", "COPY", "LOAD", "DROP", "INSTALL"))]
    for statement in writing[::6]:
        try:
            found = engine.run(path, [statement], CypherLimits(seconds=2.0))
        except (InvalidRequest, TooLarge):
            continue
        assert "root:" not in str(found), statement
    assert path.read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == [path.name]


def test_names_with_quotes_line_ends_and_commas_survive(graph: Graph) -> None:
    graph.library.add('Item | Note\nAlpha "Beta", Gamma | says "x, y"\nDelta\'s Own | ok', name="odd.txt")
    graph.update()
    result = graph.run("MATCH (e:Entity)-[h:HAS]->(v:Value) WHERE h.name = 'note' RETURN e.name, v.value").result
    assert result is not None
    assert {tuple(row) for row in result.rows} == {('Alpha "Beta", Gamma', 'says "x, y"'), ("Delta's Own", "ok")}
