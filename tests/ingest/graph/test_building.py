"""Graphs follow their documents: made once each, gone with them, and of no collection that wants none."""

import pytest
from sqlalchemy import func, select

from ingest.graph import building, extraction
from ingest.graph.building import GraphTools, update_graphs
from ingest.precedence import EnrichmentStopped
from retrieval.store import changes, collections, documents, graph
from retrieval.store.graph import GraphCounts
from retrieval.store.schema import chunks, graph_documents, graph_edges, graph_mentions, graph_nodes, graph_values
from tests.fakes import Library

TABLES = (graph_nodes, graph_mentions, graph_edges, graph_values, graph_documents)
FIRST = "Item | Supplier | Number\nBrake disc | Giunta Freni | 8\nTruing stand | Plumb Line | 12"
SECOND = "We met Oskar Nyman of Plumb Line. The treasurer, Mehreen Solberg, was there."


def update(library: Library) -> int:
    return update_graphs(GraphTools(library.database, lambda: None))


def sizes(library: Library) -> dict[str, int]:
    with library.database.read() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES}


def content(library: Library) -> set[tuple[str, ...]]:
    """The graph without keys, which depend on the order in which it was made."""
    with library.database.read() as connection:
        normal = {row.key: row.normal for row in connection.execute(select(graph_nodes))}
        edges = connection.execute(select(graph_edges)).all()
        return {(normal[row.source_key], row.relation, normal[row.target_key]) for row in edges} | {
            (name,) for name in normal.values()
        }


def dangling(library: Library) -> int:
    with library.database.read() as connection:
        visible = select(chunks.c.key).join(
            documents.documents, documents.documents.c.active_revision == chunks.c.revision_key
        )
        found = [
            connection.scalar(select(func.count()).select_from(table).where(table.c.chunk_key.not_in(visible)))
            for table in (graph_mentions, graph_edges, graph_values)
        ]
        unnamed = connection.scalar(select(func.count()).select_from(graph_nodes).where(graph.unmentioned()))
    return sum(count or 0 for count in [*found, unnamed])


def test_a_document_is_read_once(library: Library) -> None:
    document = library.add(FIRST, name="first.txt")
    assert update(library) == 1
    assert update(library) == 0
    with library.database.read() as connection:
        found = graph.counts(connection, document.revision_key)
        assert graph.state(connection, document.revision_key) == "done"
    assert found.entities >= 4
    assert found != GraphCounts(0, 0, 0)


def test_deleting_takes_what_only_that_document_said_and_leaves_the_rest(library: Library) -> None:
    library.add(FIRST, name="first.txt")
    update(library)
    alone = content(library)
    second = library.add(SECOND, name="second.txt")
    update(library)
    both = content(library)
    assert ("mehreen solberg",) in both
    with library.database.write() as connection:
        documents.remove(connection, second.id)
        # in the same transaction in which the chunks disappear
        assert connection.scalar(select(func.count()).where(graph_nodes.c.normal == "mehreen solberg")) == 0
        assert connection.scalar(select(func.count()).where(graph_nodes.c.normal == "plumb line")) == 1
    assert content(library) == alone
    assert dangling(library) == 0


def test_deleting_all_leaves_nothing(library: Library) -> None:
    added = [library.add(FIRST, name="first.txt"), library.add(SECOND, name="second.txt")]
    update(library)
    for document in added:
        with library.database.write() as connection:
            documents.remove(connection, document.id)
    assert set(sizes(library).values()) == {0}


def test_deleting_a_collection_leaves_nothing(library: Library) -> None:
    library.add(FIRST, name="first.txt")
    update(library)
    with library.database.write() as connection:
        collections.remove(connection, "default")
    assert set(sizes(library).values()) == {0}


def test_a_new_revision_replaces_what_the_old_one_said(library: Library) -> None:
    document = library.add(FIRST, name="first.txt")
    update(library)
    library.replace(document.id, SECOND)
    assert dangling(library) == 0
    assert ("brake disc",) not in content(library)
    update(library)
    assert ("mehreen solberg",) in content(library)
    assert dangling(library) == 0


def test_the_order_of_documents_and_what_came_between_do_not_count(library: Library) -> None:
    library.add(FIRST, name="first.txt")
    update(library)
    other = library.add("We met Ruben Castellane of Plumb Line.", name="other.txt")
    update(library)
    library.add(SECOND, name="second.txt")
    update(library)
    with library.database.write() as connection:
        documents.remove(connection, other.id)
    grown = content(library)
    with library.database.write() as connection:
        graph.clear(connection)
    update(library)
    assert content(library) == grown


def test_a_collection_that_wants_no_graph_loses_it_and_gets_it_back(library: Library) -> None:
    document = library.add(FIRST, name="first.txt")
    update(library)
    before = content(library)
    for settings, expected in (({"graph": False}, set()), ({"graph": True}, before), ({"enrichment": "off"}, set())):
        with library.database.write() as connection:
            collections.change_settings(connection, "default", settings)
        library.enrich()
        assert content(library) == expected, settings
    assert library.get(document.id).status == "ready"


def test_the_enrichment_thread_makes_graphs_and_says_so_in_the_change_log(library: Library) -> None:
    library.add(FIRST, name="first.txt")
    with library.database.read() as connection:
        before = changes.latest_of_graph(connection, "default")
    library.enrich()
    with library.database.read() as connection:
        assert changes.latest_of_graph(connection, "default") > before
    assert sizes(library)["graph_documents"] == 1
    assert library.get(library_document(library)).enrichment == "done"


def library_document(library: Library) -> str:
    with library.database.read() as connection:
        return documents.list_page(connection, "default", None, 1, None)[0].id


def test_more_urgent_work_ends_it_and_nothing_half_read_is_left(library: Library) -> None:
    library.add(FIRST, name="first.txt")
    calls = 0

    def go_first() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise EnrichmentStopped

    with pytest.raises(EnrichmentStopped):
        update_graphs(GraphTools(library.database, go_first))
    assert set(sizes(library).values()) == {0}
    assert update(library) == 1


def test_what_brings_the_worker_down_twice_is_given_up(library: Library) -> None:
    document = library.add(FIRST, name="first.txt")
    for expected in ("running", "retrying", "failed"):
        with library.database.write() as connection:
            (task,) = graph.waiting(connection, extraction.VERSION, 9)
            graph.begin(connection, task, extraction.VERSION)  # and then it died
            assert graph.state(connection, document.revision_key) == expected
    assert update(library) == 0
    assert library.get(document.id).status == "ready"


def test_a_newer_version_reads_every_document_again(library: Library) -> None:
    library.add(FIRST, name="first.txt")
    update(library)
    with library.database.read() as connection:
        assert graph.waiting(connection, extraction.VERSION, 9) == []
        assert len(graph.waiting(connection, extraction.VERSION + 1, 9)) == 1


def test_a_large_document_is_stored_in_pieces(library: Library) -> None:
    text = "\n\n".join(f"Page {number} tells of Anna{number}x Smith and Bert Jones." * 30 for number in range(30))
    document = library.add(text, name="large.txt")
    update(library)
    with library.database.read() as connection:
        texts = graph.texts(connection, document.revision_key)
        found = extraction.document_graph("large.txt", texts)
        parts = building._parts(found, [chunk.key for chunk in texts])
        assert graph.counts(connection, document.revision_key).relations == len(found.edges)
    assert sum(len(part.mentions) for part in parts) == len(found.mentions)
