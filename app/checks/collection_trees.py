"""Is the tree over each collection one tree, over the documents that are there and no others?"""

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from app.checks.finding import FIX, Finding, Scene
from app.checks.repairs import EnrichAgain, RebuildCollectionTree
from ingest.collection_tree import MIN_DOCUMENTS
from retrieval.representations import TREE
from retrieval.store import collection_trees, digests, enrichment
from retrieval.store.schema import (
    collection_edges,
    collection_nodes,
    collection_quotes,
    collections,
    document_digests,
    documents,
    revisions,
)
from retrieval.store.schema import collection_trees as collection_trees_table
from retrieval.types import Json

# Gives the rows of a collection that are at fault.
Statement = Callable[[str], Select[tuple[Json, ...]]]
_CHILD = collection_nodes.alias("child")


def check_collection_trees(scene: Scene) -> Iterator[Finding]:
    """Faults of the trees over collections; what a worker has still to bring up to date is none."""
    behind = set(collection_trees.behind(scene.connection))
    names = scene.connection.scalars(select(collection_trees_table.c.collection)).all()
    for name in sorted(names):
        done = name not in behind and bool(enrichment.switched_on(scene.connection, [name]))
        for fault, statement in {**_FAULTS, **(_FAULTS_WHEN_DONE if done else {})}.items():
            if count := len(scene.connection.execute(statement(name)).all()):
                yield _fault(name, f"{fault} ({count})")
        if done:
            yield from _left_out(scene, name)
    for document_id, document in _without_digest(scene):
        problem = f"Document {document_id} ({document}) gave nothing to the tree over its collection."
        yield Finding(problem, f"{FIX} (enriches it again)", EnrichAgain(document_id))


def _fault(name: str, fault: str) -> Finding:
    problem = f"The tree over collection {name} {fault}."
    return Finding(problem, f"{FIX} (drops it, the worker makes it anew)", RebuildCollectionTree(name))


def _left_out(scene: Scene, name: str) -> Iterator[Finding]:
    """Documents that no node leads to."""
    if scene.model_id is None:
        return
    members = set(digests.vectors(scene.connection, name, scene.model_id))
    found = collection_trees.clusters(scene.connection, name, 1)
    reached = {member for cluster in found.values() for member in cluster}
    if len(members) >= MIN_DOCUMENTS and members - reached:
        yield _fault(name, f"leaves documents out ({len(members - reached)})")


def _in(name: str) -> ColumnElement[bool]:
    return collection_nodes.c.collection == name


def _quoting_what_is_gone(name: str) -> Select[tuple[Json, ...]]:
    there = (
        select(func.count())
        .select_from(collection_quotes)
        .where(collection_quotes.c.node_key == collection_nodes.c.key)
        .scalar_subquery()
    )
    return select(collection_nodes.c.key).where(
        _in(name), collection_nodes.c.vector.is_not(None), collection_nodes.c.quoted != there
    )


def _above_dead_documents(name: str) -> Select[tuple[Json, ...]]:
    alive = exists().where(
        documents.c.active_revision == collection_edges.c.revision_key,
        documents.c.collection == collection_nodes.c.collection,
    )
    return (
        select(collection_edges.c.key)
        .join(collection_nodes, collection_nodes.c.key == collection_edges.c.parent_key)
        .where(_in(name), collection_edges.c.revision_key.is_not(None), ~alive)
    )


def _not_one_level_down(name: str) -> Select[tuple[Json, ...]]:
    """An edge that leads anywhere but one level down could close a circle."""
    return (
        select(collection_edges.c.key)
        .join(collection_nodes, collection_nodes.c.key == collection_edges.c.parent_key)
        .outerjoin(_CHILD, _CHILD.c.key == collection_edges.c.child_key)
        .where(
            _in(name),
            or_(
                collection_edges.c.child_key.is_(None) != (collection_nodes.c.level == 1),
                collection_edges.c.revision_key.is_(None) == (collection_nodes.c.level == 1),
                _CHILD.c.level != collection_nodes.c.level - 1,
                _CHILD.c.collection != collection_nodes.c.collection,
            ),
        )
    )


def _without_members(name: str) -> Select[tuple[Json, ...]]:
    has_one = exists().where(collection_edges.c.parent_key == collection_nodes.c.key)
    return select(collection_nodes.c.key).where(_in(name), ~has_one)


def _unsummarised(name: str) -> Select[tuple[Json, ...]]:
    waits = or_(collection_nodes.c.stale, collection_nodes.c.vector.is_(None))
    return select(collection_nodes.c.key).where(_in(name), waits)


def _beside_the_root(name: str) -> Select[tuple[Json, ...]]:
    """Nodes below the highest level that nothing leads to; on the highest, those beside the first."""
    led_to = exists().where(collection_edges.c.child_key == collection_nodes.c.key)
    first = (
        select(collection_nodes.c.key)
        .where(_in(name))
        .order_by(collection_nodes.c.level.desc(), collection_nodes.c.key)
        .limit(1)
        .scalar_subquery()
    )
    return select(collection_nodes.c.key).where(_in(name), collection_nodes.c.key != first, ~led_to)


def _without_digest(scene: Scene) -> list[tuple[str, str]]:
    """Documents that are done with enrichment, in collections that ask for trees."""
    has_one = exists().where(document_digests.c.revision_key == documents.c.active_revision)
    rows = scene.connection.execute(
        select(documents.c.id, documents.c.name, collections.c.settings)
        .join(revisions, revisions.c.key == documents.c.active_revision)
        .join(collections, collections.c.name == documents.c.collection)
        .where(revisions.c.enrichment == "done", ~has_one)
        .order_by(documents.c.key)
    )
    return [(document_id, name) for document_id, name, settings in rows if TREE in settings.get("representations", ())]


_FAULTS: Mapping[str, Statement] = {
    "quotes what is deleted": _quoting_what_is_gone,
    "stands on documents that are gone": _above_dead_documents,
    "has edges that lead nowhere or in a circle": _not_one_level_down,
}
_FAULTS_WHEN_DONE: Mapping[str, Statement] = {
    "has nodes with nothing below them": _without_members,
    "has nodes without a summary": _unsummarised,
    "has nodes that nothing leads to": _beside_the_root,
}
