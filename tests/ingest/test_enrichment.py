"""What follows once a document is ready: representations, the tree, and the order in which they are made."""

import threading

import pytest
from sqlalchemy import func, select

from ingest import enricher as enricher_module
from ingest import enrichment as enrichment_module
from ingest.precedence import EnrichmentStopped
from retrieval.errors import StorageFull
from retrieval.store import changes, collections, enrichment, trees
from retrieval.store.schema import representations, tree_edges, tree_nodes
from retrieval.types import SearchRequest
from tests.fakes import Library

SUBJECTS = ["ferry harbour timetable", "library tools loans", "allotment beans harvest", "bakery bread ovens"]


@pytest.fixture(autouse=True)
def _with_trees(library: Library) -> None:
    settings(library, representations=["text", "tree"])


def long_text(paragraphs: int = 12) -> str:
    return "\n\n".join(
        " ".join(f"Sentence {line} of part {number} tells of the {SUBJECTS[number % 4]}." for line in range(40))
        for number in range(paragraphs)
    )


def settings(library: Library, **values: object) -> None:
    with library.database.write() as connection:
        collections.ensure(connection, "default")
        collections.change_settings(connection, "default", values)


def rows(library: Library) -> tuple[int, int, int]:
    with library.database.read() as connection:
        others = connection.scalar(
            select(func.count()).select_from(representations).where(representations.c.kind != "text")
        )
        nodes = connection.scalar(select(func.count()).select_from(tree_nodes))
        edges = connection.scalar(select(func.count()).select_from(tree_edges))
    return others or 0, nodes or 0, edges or 0


def test_a_document_is_found_before_it_is_enriched_and_through_its_tree_afterwards(library: Library) -> None:
    document = library.add(long_text())
    assert (document.status, document.enrichment) == ("ready", "waiting")
    retriever = library.retriever()
    request = SearchRequest("the ferry harbour timetable", "default", 5)
    before = retriever.search(request)
    assert before.hits
    assert not any("tree_rank" in hit.why for hit in before.hits)
    library.enrich()
    assert library.get(document.id).enrichment == "done"
    after = retriever.search(request)
    assert any("tree_rank" in hit.why for hit in after.hits)
    assert all("ferry" in hit.chunk.text for hit in after.hits[:3])
    snapshot = library.snapshots().latest("default")
    assert snapshot.chunk_count == library.get(document.id).chunk_count  # once, not twice
    with library.database.read() as connection:
        nodes = trees.of_document(connection, document.id)
    assert nodes[0].level == max(node.level for node in nodes)
    assert all(node.chunks for node in nodes if node.level == 1)


def test_every_kind_that_is_asked_for_is_made_and_found_by(library: Library) -> None:
    settings(library, representations=["text", "summary", "keywords", "title", "tree"])
    library.add(long_text(), name="Harbour notes.txt")
    library.enrich()
    with library.database.read() as connection:
        kinds = set(connection.scalars(select(representations.c.kind)))
    assert kinds == {"text", "summary", "keywords", "title"}
    request = SearchRequest("Harbour notes", "default", 3, representations=frozenset({"title"}))
    hits = library.retriever().search(request).hits
    assert hits[0].why["dense_score"] > 0.5


def test_both_ways_through_the_tree_give_chunks_of_the_subject(library: Library) -> None:
    library.add(long_text(24))
    library.enrich()
    retriever = library.retriever()
    for way in ("collapsed", "traversal"):
        request = SearchRequest("bakery bread ovens", "default", 4, None, frozenset({"tree"}), way)  # type: ignore[arg-type]
        hits = [hit for hit in retriever.search(request).hits if "tree_rank" in hit.why]
        assert hits
        assert all("bakery" in hit.chunk.text for hit in hits[:2])


def test_a_generation_on_disk_holds_the_tree(library: Library) -> None:
    library.add(long_text())
    library.enrich()
    library.build()
    hits = library.retriever().search(SearchRequest("ferry harbour", "default", 5)).hits
    assert any("tree_rank" in hit.why for hit in hits)


def test_a_filter_holds_in_the_tree_too(library: Library) -> None:
    library.add(long_text(), year=2020)
    other = library.add(long_text(14), year=2021)
    library.enrich()
    request = SearchRequest("ferry harbour", "default", 20, {"year": 2021})
    hits = library.retriever().search(request).hits
    assert {hit.chunk.document_id for hit in hits} == {other.id}


def test_deleting_a_document_takes_its_tree_along_and_touches_no_other(library: Library) -> None:
    kept = library.add(long_text(12))
    library.enrich()
    alone = rows(library)
    with library.database.read() as connection:
        before = trees.of_document(connection, kept.id)
    gone = library.add(long_text(16))
    library.enrich()
    assert rows(library) > alone
    library.remove(gone.id)
    assert rows(library) == alone
    with library.database.read() as connection:
        assert trees.of_document(connection, kept.id) == before


def test_enriching_again_replaces_and_embeds_nothing_that_was_embedded(library: Library) -> None:
    settings(library, representations=["text", "keywords", "tree"])
    library.add(long_text())
    library.enrich()
    first = rows(library)
    with library.database.write() as connection:
        enrichment.repeat(connection, "default")
    library.enrich()
    assert rows(library) == first


def test_a_search_may_leave_representations_out(library: Library) -> None:
    library.add(long_text())
    library.enrich()
    request = SearchRequest("ferry harbour", "default", 5, representations=frozenset({"text"}))
    assert not any("tree_rank" in hit.why for hit in library.retriever().search(request).hits)


def test_nothing_is_made_unless_it_is_asked_for(library: Library) -> None:
    found = [library.add(f"Note {number}.", collection="plain") for number in range(40)]  # more than one round
    with library.database.read() as connection:
        before = changes.latest(connection, "plain")
    library.enrich()
    assert {library.get(document.id).enrichment for document in found} == {"done"}
    assert rows(library) == (0, 0, 0)
    with library.database.read() as connection:
        assert changes.latest(connection, "plain") == before  # readers have nothing to load


def test_what_is_no_longer_asked_for_goes(library: Library) -> None:
    library.add(long_text())
    library.enrich()
    assert rows(library) > (0, 0, 0)
    settings(library, representations=["text"])
    with library.database.write() as connection:
        enrichment.repeat(connection, "default")
    retriever = library.retriever()
    library.enrich()
    assert rows(library) == (0, 0, 0)
    hits = retriever.search(SearchRequest("ferry harbour", "default", 5)).hits
    assert hits
    assert not any("tree_rank" in hit.why for hit in hits)


def test_short_documents_are_done_at_once(library: Library) -> None:
    document = library.add("One sentence.")
    embedded = len(library.embedder.embedded)
    library.enrich()
    assert library.get(document.id).enrichment == "done"
    assert len(library.embedder.embedded) == embedded


def test_paused_waits_and_off_makes_nothing(library: Library) -> None:
    document = library.add(long_text())
    settings(library, enrichment="paused")
    library.enrich()
    assert library.get(document.id).enrichment == "waiting"
    settings(library, enrichment="off")
    library.enrich()
    assert library.get(document.id).enrichment == "off"
    assert rows(library) == (0, 0, 0)


def test_ingest_goes_first(library: Library) -> None:
    document = library.add(long_text())
    library.accept("A document that waits.")
    library.enrich()
    assert library.get(document.id).enrichment == "waiting"


def test_what_brings_the_worker_down_twice_is_given_up_and_stays_searchable(library: Library) -> None:
    document = library.add(long_text())
    for expected in ("running", "retrying"):
        with library.database.write() as connection:
            (task,) = enrichment.waiting(connection, 1)
            assert enrichment.begin(connection, task)  # and then the worker dies
        assert library.get(document.id).enrichment == expected
    library.enrich()
    found = library.get(document.id)
    assert (found.enrichment, found.status) == ("failed", "ready")
    assert library.retriever().search(SearchRequest("ferry", "default", 1)).hits


def test_an_error_concerns_one_document_alone(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = library.add(long_text()), library.add(long_text(5))

    def explode(tools: object, task: enrichment.EnrichmentTask) -> None:
        if task.document_id == broken.id:
            raise ValueError("odd")
        enrichment_module.enrich_document(tools, task)  # type: ignore[arg-type]

    monkeypatch.setattr(enricher_module, "enrich_document", explode)
    library.enrich()
    assert (library.get(broken.id).enrichment, library.get(sound.id).enrichment) == ("failed", "done")


def test_a_worker_that_stops_leaves_the_document_waiting(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    document = library.add(long_text())

    def stopped(*_: object) -> None:
        raise EnrichmentStopped

    monkeypatch.setattr(enricher_module, "enrich_document", stopped)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    library.enricher().enrich_waiting(stop)
    assert library.get(document.id).enrichment == "waiting"


def test_a_full_disk_is_not_held_against_a_document(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    document = library.add(long_text())

    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    monkeypatch.setattr(enricher_module, "enrich_document", full)
    for _ in range(4):
        with pytest.raises(StorageFull):
            library.enrich()
    assert library.get(document.id).enrichment == "waiting"


def test_a_document_deleted_meanwhile_leaves_nothing_behind(library: Library) -> None:
    document = library.add(long_text())
    with library.database.read() as connection:
        (task,) = enrichment.waiting(connection, 1)
    library.remove(document.id)
    embedder = library.embedder
    tools = enrichment_module.EnrichmentTools(
        library.database, embedder.count_tokens, embedder.embed_passages, embedder.model_id, lambda: None
    )
    with pytest.raises(EnrichmentStopped):
        enrichment_module.enrich_document(tools, task)
    assert rows(library) == (0, 0, 0)
