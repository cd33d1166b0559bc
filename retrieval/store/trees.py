"""Rows of RAPTOR trees: summaries over the chunks of one document, level by level up to a root."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from retrieval.store.schema import chunks, documents, node_vectors, tree_edges, tree_nodes


@dataclass(frozen=True, slots=True)
class NewNode:
    """A node about to be stored. Children are ordinals of the level below, or chunk keys where that is the chunks."""

    level: int  # from 1
    ordinal: int
    text: str
    vector: NDArray[np.float16]  # [dimension], unit length
    children: Sequence[int]


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A summary and what it summarises: nodes by (level, ordinal), or chunks by id."""

    level: int
    ordinal: int
    text: str
    nodes: Sequence[tuple[int, int]]
    chunks: Sequence[str]


@dataclass(frozen=True, slots=True)
class TreeRows:
    """What an index needs of the trees. An edge leads from a node to a node, or to a chunk; the other is -1."""

    revision_keys: NDArray[np.int64]  # [nodes]
    levels: NDArray[np.int64]  # [nodes]
    vectors: NDArray[np.float32]  # [nodes, dimension]
    parents: NDArray[np.int64]  # [edges], rows of nodes
    children: NDArray[np.int64]  # [edges], rows of nodes
    chunk_keys: NDArray[np.int64]  # [edges]


def replace(connection: Connection, revision_key: int, nodes: Sequence[NewNode], model_id: str) -> None:
    """Stores the tree of a revision in place of any it had; the lower levels come first in `nodes`."""
    connection.execute(delete(tree_nodes).where(tree_nodes.c.revision_key == revision_key))
    if not nodes:
        return
    connection.execute(
        insert(tree_nodes),
        [
            {
                "revision_key": revision_key,
                "level": node.level,
                "ordinal": node.ordinal,
                "text": node.text,
            }
            for node in nodes
        ],
    )
    stored = connection.execute(
        select(tree_nodes.c.level, tree_nodes.c.ordinal, tree_nodes.c.key).where(
            tree_nodes.c.revision_key == revision_key
        )
    )
    keys = {(level, ordinal): key for level, ordinal, key in stored}
    add_vectors(connection, {keys[node.level, node.ordinal]: node.vector for node in nodes}, model_id)
    connection.execute(
        insert(tree_edges),
        [
            {
                "parent_key": keys[node.level, node.ordinal],
                "child_key": keys[node.level - 1, child] if node.level > 1 else None,
                "chunk_key": child if node.level == 1 else None,
            }
            for node in nodes
            for child in node.children
        ],
    )


def represented_by(document: str, text: str) -> str:
    """The text that is embedded for a node: the document's name gives the context that a summary alone lacks."""
    return f"{document}\n{text}"


def add_vectors(connection: Connection, vectors: Mapping[int, NDArray[np.float16]], model_id: str) -> None:
    """Stores a model's vectors of nodes, given by the nodes' keys."""
    rows = [{"node_key": key, "model_id": model_id, "vector": vector.tobytes()} for key, vector in vectors.items()]
    if rows:
        connection.execute(insert(node_vectors), rows)


def of_document(connection: Connection, document_id: str) -> Sequence[TreeNode]:
    """The tree of the document's visible revision, the root first."""
    node = tree_nodes.alias()
    child = tree_nodes.alias()
    rows = connection.execute(
        select(node.c.level, node.c.ordinal, node.c.text, child.c.level, child.c.ordinal, chunks.c.id)
        .join(documents, documents.c.active_revision == node.c.revision_key)
        .join(tree_edges, tree_edges.c.parent_key == node.c.key)
        .outerjoin(child, child.c.key == tree_edges.c.child_key)
        .outerjoin(chunks, chunks.c.key == tree_edges.c.chunk_key)
        .where(documents.c.id == document_id)
        .order_by(node.c.level.desc(), node.c.ordinal, tree_edges.c.key)
    )
    found: dict[tuple[int, int], tuple[str, list[tuple[int, int]], list[str]]] = {}
    for level, ordinal, text, child_level, child_ordinal, chunk_id in rows:
        _, nodes, leaves = found.setdefault((level, ordinal), (text, [], []))
        if chunk_id is not None:
            leaves.append(chunk_id)
        else:
            nodes.append((child_level, child_ordinal))
    return [TreeNode(*position, text, nodes, leaves) for position, (text, nodes, leaves) in found.items()]


def index_rows(
    connection: Connection, collection: str, model_id: str, revision_keys: Sequence[int] | None = None
) -> TreeRows:
    """The trees of the collection's visible revisions, or of the given ones among them, less what has no vector."""
    statement = (
        select(tree_nodes.c.key, tree_nodes.c.revision_key, tree_nodes.c.level, node_vectors.c.vector)
        .join(node_vectors, node_vectors.c.node_key == tree_nodes.c.key)
        .join(documents, documents.c.active_revision == tree_nodes.c.revision_key)
        .where(documents.c.collection == collection, node_vectors.c.model_id == model_id)
        .order_by(tree_nodes.c.key)
    )
    edges = (
        select(tree_edges.c.parent_key, tree_edges.c.child_key, tree_edges.c.chunk_key)
        .join(tree_nodes, tree_nodes.c.key == tree_edges.c.parent_key)
        .join(documents, documents.c.active_revision == tree_nodes.c.revision_key)
        .where(documents.c.collection == collection)
        .order_by(tree_edges.c.key)
    )
    if revision_keys is not None:
        statement = statement.where(tree_nodes.c.revision_key.in_(list(revision_keys)))
        edges = edges.where(tree_nodes.c.revision_key.in_(list(revision_keys)))
    nodes = connection.execute(statement).all()
    row_of = {row.key: position for position, row in enumerate(nodes)}
    # A node that the model has not embedded yet is left out, and with it what leads to it.
    links = [
        link
        for link in connection.execute(edges)
        if link.parent_key in row_of and (link.child_key is None or link.child_key in row_of)
    ]
    matrix = np.frombuffer(b"".join(row.vector for row in nodes), dtype=np.float16).astype(np.float32)
    return TreeRows(
        _integers([row.revision_key for row in nodes]),
        _integers([row.level for row in nodes]),
        matrix.reshape(len(nodes), -1) if nodes else np.zeros((0, 0), dtype=np.float32),
        _integers([row_of[link.parent_key] for link in links]),
        _integers([_row(row_of, link.child_key) for link in links]),
        _integers([-1 if link.chunk_key is None else link.chunk_key for link in links]),
    )


def _row(row_of: Mapping[int, int], key: int | None) -> int:
    return -1 if key is None else row_of[key]


def _integers(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
