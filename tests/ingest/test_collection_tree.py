"""The tree over a collection: complete, incremental, and without a word of what was deleted."""

import threading
from collections.abc import Mapping

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update

from ingest import collection_tree as collection_tree_module
from ingest.arrangement import MOST_MEMBERS
from ingest.collection_tree import MIN_DOCUMENTS
from ingest.enrichment import EnrichmentTools, enrich_document
from ingest.precedence import EnrichmentStopped
from retrieval.store import (
    changes,
    collection_nodes,
    collection_trees,
    collections,
    digests,
    documents,
    enrichment,
    schema,
)
from retrieval.store.collection_nodes import CollectionNode
from retrieval.types import SearchRequest
from tests.fakes import HashEmbedder, Library

SUBJECTS = [
    "ferry harbour timetable crossing",
    "library tools loans shelves",
    "allotment beans harvest compost",
    "bakery bread ovens flour",
    "orchestra violins rehearsal concert",
]


@pytest.fixture(autouse=True)
def _with_trees(library: Library) -> None:
    settings(library, representations=["text", "tree"])


def settings(library: Library, **values: object) -> None:
    with library.database.write() as connection:
        collections.ensure(connection, "default")
        collections.change_settings(connection, "default", values)


def note(number: int, subject: int | None = None) -> str:
    about = SUBJECTS[(number if subject is None else subject) % len(SUBJECTS)]
    return f"Note word{number} tells of the {about}. It was written by person{number} about the {about} that year."


def long_text(number: int) -> str:
    return "\n\n".join(
        " ".join(f"Line {line} of part {part} in book{number} is on {SUBJECTS[number % 5]}." for line in range(40))
        for part in range(8)
    )


def fill(library: Library, count: int, first: int = 0) -> list[str]:
    found = [library.add(note(number), name=f"{number}.txt").id for number in range(first, first + count)]
    library.enrich()
    return found


def nodes(library: Library) -> Mapping[int, CollectionNode]:
    with library.database.read() as connection:
        return {node.key: node for node in collection_nodes.of_collection(connection, "default", 10_000, 0)}


def shape(library: Library) -> list[tuple[int, str, int, int]]:
    return [(node.level, node.text, len(node.nodes), len(node.documents)) for node in nodes(library).values()]


def check(library: Library, expected: list[str]) -> None:
    """The tree reaches every document from one root, each level is smaller than the one below, nothing waits."""
    found = nodes(library)
    levels = [sum(node.level == level for node in found.values()) for level in range(1, 22)]
    depth = sum(map(bool, levels))
    assert levels[depth - 1] == 1
    assert levels[0] <= len(expected) // 2
    assert all(above <= max(below // 2, 1) for below, above in zip(levels[:depth], levels[1:depth], strict=False))
    assert {document for node in found.values() for document in node.documents} == set(expected)
    for level in range(2, depth + 1):
        below = {key for key, node in found.items() if node.level == level - 1}
        assert {child for node in found.values() if node.level == level for child in node.nodes} == below
    with library.database.read() as connection:
        assert collection_trees.behind(connection) == []
        assert connection.scalar(select(func.count()).select_from(schema.collection_nodes)) == len(found)


def test_documents_with_and_without_a_tree_of_their_own_come_under_one_root(library: Library) -> None:
    long = [library.add(long_text(number), name=f"{number}.txt").id for number in range(3)]
    short = fill(library, 40)
    check(library, long + short)
    said = {sentence for number in range(40) for sentence in note(number).split(". ")}
    for node in nodes(library).values():
        assert any(sentence in node.text for sentence in said) or "book" in node.text


def test_a_few_documents_have_no_tree_above_them(library: Library) -> None:
    fill(library, MIN_DOCUMENTS - 1)
    assert nodes(library) == {}
    fill(library, 1, first=90)
    assert len(nodes(library)) == 1


def test_without_the_setting_nothing_is_made_and_what_was_made_goes(library: Library) -> None:
    settings(library, representations=["text"])
    fill(library, 20)
    assert nodes(library) == {}
    for wanted in (["text", "tree"], ["text"]):
        settings(library, representations=wanted)
        with library.database.write() as connection:
            enrichment.repeat(connection, "default")
        library.enrich()
        assert bool(nodes(library)) == ("tree" in wanted)


def test_the_same_documents_in_the_same_order_give_the_same_tree(
    library: Library, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Library(tmp_path_factory.mktemp("other"))
    settings(other, representations=["text", "tree"])
    for one in (library, other):
        ids = fill(one, 60)
        one.remove(ids[7])
        fill(one, 5, first=100)
    assert shape(library) == shape(other)
    other.database.close()


def summaries_made(library: Library) -> int:
    """How many summaries of the collection the next round makes."""
    embedder = library.embedder
    tools = collection_tree_module.CollectionTreeTools(
        library.database, embedder.embed_passages, embedder.model_id, lambda: None
    )
    return collection_tree_module.update_collection_tree(tools, "default")


def test_adding_replacing_and_deleting_touch_few_summaries(library: Library) -> None:
    ids = fill(library, 150)
    before = nodes(library)
    depth = max(node.level for node in before.values())
    for change in ("add", "replace", "delete"):
        if change == "add":
            ids.append(library.add(note(900), name="new.txt").id)
        elif change == "replace":
            library.replace(ids[10], note(901))
        else:
            library.remove(ids.pop(20))
        enrich_documents_only(library)
        made = summaries_made(library)
        # Two clusters a level, and a third where the old and the new text lie apart; there are 21 nodes.
        assert 0 < made <= 3 * depth
        check(library, ids)
    after = nodes(library)
    untouched = {key for key in before if after.get(key) == before[key]}
    assert len(untouched) >= 0.5 * len(before)
    assert summaries_made(library) == 0


def enrich_documents_only(library: Library) -> None:
    """Makes what documents wait for, and leaves the tree above them as it is."""
    embedder = library.embedder
    tools = EnrichmentTools(
        library.database, embedder.count_tokens, embedder.embed_passages, embedder.model_id, lambda: None
    )
    with library.database.read() as connection:
        tasks = enrichment.waiting(connection, 1_000)
    for task in tasks:
        enrich_document(tools, task)


def test_a_deleted_document_is_gone_from_every_node_in_the_same_transaction(library: Library) -> None:
    ids = fill(library, 40)
    snapshots = library.snapshots()
    snapshots.latest("default")
    quoted = [number for number in range(40) if any(f"word{number} " in node.text for node in nodes(library).values())]
    assert quoted
    number = quoted[0]
    with library.database.write() as connection:
        documents.remove(connection, ids[number])
        quoting = connection.scalars(
            select(schema.collection_nodes.c.vector).where(schema.collection_nodes.c.quoted == 0)
        ).all()
        assert quoting
        assert quoting == [None] * len(quoting)
    assert not any(f"word{number} " in node.text for node in nodes(library).values())
    fresh = library.snapshots().latest("default").above
    followed = snapshots.latest("default").above
    assert len(fresh.rows.vectors) == len(followed.rows.vectors) == len(nodes(library))
    library.enrich()
    check(library, [document for document in ids if document != ids[number]])
    with library.database.read() as connection:
        texts = connection.scalars(select(schema.digest_sentences.c.text)).all()
    assert not any(f"word{number} " in text for text in texts)


def test_a_replaced_document_leaves_no_word_of_its_old_revision(library: Library) -> None:
    ids = fill(library, 30)
    for number in range(0, 30, 3):
        library.replace(ids[number], note(500 + number, number))
        assert not any(f"word{number} " in node.text for node in nodes(library).values())
    library.enrich()
    check(library, ids)


def test_rows_that_went_without_notice_take_the_nodes_that_quote_them_out_of_searches(library: Library) -> None:
    fill(library, 30)
    before = nodes(library)
    with library.database.write() as connection:
        sentence = connection.scalar(select(schema.collection_quotes.c.sentence_key).limit(1))
        connection.execute(delete(schema.digest_sentences).where(schema.digest_sentences.c.key == sentence))
    after = nodes(library)
    assert len(after) < len(before)
    assert all(after[key].text == before[key].text for key in after)


def test_deleting_down_to_nothing_ends_in_nothing(library: Library) -> None:
    ids = fill(library, 40)
    while ids:
        for document in ids[:7]:
            library.remove(document)
        ids = ids[7:]
        library.enrich()
        if len(ids) >= MIN_DOCUMENTS:
            check(library, ids)
        else:
            assert nodes(library) == {}


def test_growing_by_one_and_one_ends_where_no_node_is_too_large(library: Library) -> None:
    ids: list[str] = []
    for number in range(0, 60, 4):
        ids += fill(library, 4, first=number)
        if len(ids) >= MIN_DOCUMENTS:
            check(library, ids)
    assert max(len(node.documents) + len(node.nodes) for node in nodes(library).values()) <= 2 * MOST_MEMBERS


def test_short_documents_are_found_by_the_summaries_above_them(library: Library) -> None:
    fill(library, 60)
    library.build()
    retriever = library.retriever()
    for way in ("collapsed", "traversal"):
        request = SearchRequest("the bakery bread ovens", "default", 5, None, frozenset({"tree"}), way)  # type: ignore[arg-type]
        hits = [hit for hit in retriever.search(request).hits if "tree_rank" in hit.why]
        assert hits
        assert all("bakery" in hit.chunk.text for hit in hits)


def test_a_filter_and_a_deletion_hold_below_the_summaries_too(library: Library) -> None:
    for number in range(40):
        library.add(note(number), name=f"{number}.txt", year=2000 + number % 2)
    library.enrich()
    retriever = library.retriever()
    request = SearchRequest("the bakery bread ovens", "default", 40, {"year": 2001}, frozenset({"tree"}))
    hits = retriever.search(request).hits
    assert hits
    with library.database.read() as connection:
        assert all(documents.get(connection, hit.chunk.document_id).metadata == {"year": 2001} for hit in hits)
    library.remove(hits[0].chunk.document_id)
    assert hits[0].chunk.id not in {hit.chunk.id for hit in retriever.search(request).hits}


def test_paused_and_off_leave_the_tree_as_it_is(library: Library) -> None:
    fill(library, 20)
    before = nodes(library)
    for state in ("paused", "off"):
        settings(library, enrichment=state)
        fill(library, 3, first=200 if state == "off" else 100)
        assert nodes(library) == before


def test_what_is_more_urgent_goes_first_and_the_next_round_goes_on(library: Library) -> None:
    fill(library, 30)
    extra = library.add(note(300))
    enrich_documents_only(library)
    waiting = library.accept("A document that waits.")
    enricher = library.enricher()
    with pytest.raises(EnrichmentStopped):
        enricher._pass_collection_gate("default", threading.Event())
    library.enrich()
    assert extra.id not in {document for node in nodes(library).values() for document in node.documents}
    library.finish(waiting)
    library.enrich()
    assert extra.id in {document for node in nodes(library).values() for document in node.documents}


@pytest.mark.parametrize("step", range(5))
def test_a_worker_that_stops_at_any_step_is_followed_by_one_that_ends_the_work(library: Library, step: int) -> None:
    ids = [library.add(note(number), name=f"{number}.txt").id for number in range(40)]
    enrich_documents_only(library)
    calls = iter(range(100))

    def go_first() -> None:
        if next(calls) == step:
            raise EnrichmentStopped

    embedder = library.embedder
    tools = collection_tree_module.CollectionTreeTools(
        library.database, embedder.embed_passages, embedder.model_id, go_first
    )
    with pytest.raises(EnrichmentStopped):
        collection_tree_module.update_collection_tree(tools, "default")
    library.enrich()
    check(library, ids)


def test_a_document_deleted_while_its_cluster_is_made_leaves_nothing_behind(library: Library) -> None:
    ids = fill(library, 30)
    gone = library.add(note(400))
    enrich_documents_only(library)

    def embed(texts: list[str]) -> np.ndarray:  # type: ignore[type-arg]
        with library.database.read() as connection:
            there = connection.scalar(select(schema.documents.c.key).where(schema.documents.c.id == gone.id))
        if there is not None:
            library.remove(gone.id)
        return library.embedder.embed_passages(texts)

    tools = collection_tree_module.CollectionTreeTools(
        library.database,
        embed,  # type: ignore[arg-type]
        library.embedder.model_id,
        lambda: None,
    )
    collection_tree_module.update_collection_tree(tools, "default")
    assert not any("word400 " in node.text for node in nodes(library).values())
    library.enrich()
    check(library, ids)


def test_another_embedding_model_finds_the_tree_again(library: Library) -> None:
    ids = fill(library, 30)
    other = HashEmbedder("other@1", 48)
    with library.database.write() as connection:
        for table in (schema.representations, schema.node_vectors):
            connection.execute(update(table).values(model_id=other.model_id, vector=np.ones(48, np.float16).tobytes()))
    tools = collection_tree_module.CollectionTreeTools(
        library.database, other.embed_passages, other.model_id, lambda: None
    )
    with library.database.read() as connection:
        rows = collection_nodes.index_rows(connection, "default", other.model_id)
        assert not len(rows.vectors)
        assert digests.of_other_models(connection, "default", other.model_id, 99)
    assert collection_tree_module.update_collection_tree(tools, "default") > 0
    with library.database.read() as connection:
        rows = collection_nodes.index_rows(connection, "default", other.model_id)
    assert rows.vectors.shape == (len(nodes(library)), 48)
    check(library, ids)


def test_nothing_is_announced_where_nothing_changed(library: Library) -> None:
    fill(library, 20)
    with library.database.read() as connection:
        before = changes.latest(connection, "default")
    library.enrich()
    assert summaries_made(library) == 0
    with library.database.read() as connection:
        assert changes.latest(connection, "default") == before


def test_forgetting_the_tree_makes_it_anew(library: Library) -> None:
    ids = fill(library, 20)
    with library.database.write() as connection:
        collection_trees.forget(connection, "default")
    assert nodes(library) == {}
    library.enrich()
    check(library, ids)
