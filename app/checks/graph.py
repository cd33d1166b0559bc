"""Does everything in the graphs stand on a chunk that searches see, and is every document read that is done?"""

from collections.abc import Iterator

from sqlalchemy import Table, exists, func, or_, select

from app.checks.finding import FIX, Finding, Scene
from app.checks.repairs import RebuildGraph
from retrieval.store import graph
from retrieval.store.schema import (
    chunks,
    documents,
    graph_documents,
    graph_edges,
    graph_mentions,
    graph_nodes,
    graph_values,
)


def check_graph(scene: Scene) -> Iterator[Finding]:
    """Faults of the graphs; what a worker has still to read is none."""
    dead = sum(_without_living_chunk(scene, table) for table in (graph_edges, graph_values, graph_mentions))
    if dead:
        yield _fault(f"The graph has {dead} relations, values or mentions without a chunk that searches see.")
    unnamed = select(func.count()).select_from(graph_nodes).where(graph.unmentioned())
    if count := scene.connection.scalar(unnamed):
        yield _fault(f"The graph has {count} entities that no chunk mentions.")
    if count := _unmentioned_ends(scene):
        yield _fault(f"The graph has {count} relations to entities that their chunk does not mention.")
    unread = select(func.count()).select_from(graph_documents).where(graph_documents.c.state == "failed")
    if count := scene.connection.scalar(unread):
        yield _fault(f"The graph lacks {count} documents that could not be read for it.")


def _fault(problem: str) -> Finding:
    return Finding(problem, f"{FIX} (drops the graphs, the worker makes them anew)", RebuildGraph())


def _without_living_chunk(scene: Scene, table: Table) -> int:
    """How many rows hang on chunks that are gone, that are not visible, or whose document was never begun."""
    alive = (
        select(chunks.c.key)
        .join(documents, documents.c.active_revision == chunks.c.revision_key)
        .join(graph_documents, graph_documents.c.revision_key == chunks.c.revision_key)
    )
    dead = select(func.count()).select_from(table).where(table.c.chunk_key.not_in(alive))
    return scene.connection.scalar(dead) or 0


def _unmentioned_ends(scene: Scene) -> int:
    named = [
        exists().where(graph_mentions.c.chunk_key == graph_edges.c.chunk_key, graph_mentions.c.node_key == column)
        for column in (graph_edges.c.source_key, graph_edges.c.target_key)
    ]
    statement = select(func.count()).select_from(graph_edges).where(or_(*(~condition for condition in named)))
    return scene.connection.scalar(statement) or 0
