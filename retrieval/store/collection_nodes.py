"""The tree over the documents of a collection as searches and people see it: whole nodes only.

A node is whole while every sentence that it was summarised by is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, select

from retrieval.sentences import join_sentences
from retrieval.store.schema import (
    collection_edges,
    collection_nodes,
    collection_quotes,
    digest_sentences,
    documents,
)


@dataclass(frozen=True, slots=True)
class CollectionNode:
    """A summary of documents: what it says, the nodes below it and the ids of documents right below it."""

    key: int
    level: int
    text: str
    nodes: Sequence[int]
    documents: Sequence[str]


@dataclass(frozen=True, slots=True)
class CollectionTreeRows:
    """What a search needs of the tree. An edge leads from a node to a node, or to a revision; the other is -1."""

    vectors: NDArray[np.float32]  # [nodes, dimension]
    parents: NDArray[np.int64]  # [edges], rows of nodes
    children: NDArray[np.int64]  # [edges], rows of nodes
    revision_keys: NDArray[np.int64]  # [edges]
    quoting: NDArray[np.int64]  # [quotations], rows of nodes
    quoted: NDArray[np.int64]  # [quotations], revision keys


def of_collection(connection: Connection, collection: str, limit: int, after: int) -> Sequence[CollectionNode]:
    """Nodes that searches see, those whose key is above `after`."""
    rows = connection.execute(
        select(collection_nodes.c.key, collection_nodes.c.level)
        .where(collection_nodes.c.collection == collection, collection_nodes.c.key > after, _whole())
        .order_by(collection_nodes.c.key)
        .limit(limit)
    )
    levels = {row.key: row.level for row in rows}
    keys = list(levels)
    texts: dict[int, list[str]] = {key: [] for key in keys}
    quoted = (
        select(collection_quotes.c.node_key, digest_sentences.c.text)
        .join(digest_sentences, digest_sentences.c.key == collection_quotes.c.sentence_key)
        .where(collection_quotes.c.node_key.in_(keys))
        .order_by(digest_sentences.c.key)
    )
    for key, text in connection.execute(quoted):
        texts[key].append(text)
    nodes: dict[int, list[int]] = {key: [] for key in keys}
    below: dict[int, list[str]] = {key: [] for key in keys}
    edges = (
        select(collection_edges.c.parent_key, collection_edges.c.child_key, documents.c.id)
        .outerjoin(documents, documents.c.active_revision == collection_edges.c.revision_key)
        .where(collection_edges.c.parent_key.in_(keys))
        .order_by(collection_edges.c.key)
    )
    for parent, child, document_id in connection.execute(edges):
        if child is not None:
            nodes[parent].append(child)
        elif document_id is not None:
            below[parent].append(document_id)
    return [CollectionNode(key, levels[key], join_sentences(texts[key]), nodes[key], below[key]) for key in keys]


def index_rows(connection: Connection, collection: str, model_id: str) -> CollectionTreeRows:
    """The nodes that may be searched by vectors of the model, and what hangs on them."""
    nodes = connection.execute(
        select(collection_nodes.c.key, collection_nodes.c.vector)
        .where(collection_nodes.c.collection == collection, collection_nodes.c.model_id == model_id, _whole())
        .order_by(collection_nodes.c.level, collection_nodes.c.key)
    ).all()
    row_of = {row.key: position for position, row in enumerate(nodes)}
    owned = select(collection_nodes.c.key).where(collection_nodes.c.collection == collection)
    edges = [
        edge
        for edge in connection.execute(
            select(collection_edges.c.parent_key, collection_edges.c.child_key, collection_edges.c.revision_key)
            .where(collection_edges.c.parent_key.in_(owned))
            .order_by(collection_edges.c.key)
        )
        if edge.parent_key in row_of and (edge.child_key is None or edge.child_key in row_of)
    ]
    quotes = [
        quote
        for quote in connection.execute(
            select(collection_quotes.c.node_key, digest_sentences.c.revision_key)
            .join(digest_sentences, digest_sentences.c.key == collection_quotes.c.sentence_key)
            .where(collection_quotes.c.node_key.in_(owned))
            .distinct()
        )
        if quote.node_key in row_of
    ]
    matrix = np.frombuffer(b"".join(row.vector for row in nodes), dtype=np.float16).astype(np.float32)
    return CollectionTreeRows(
        matrix.reshape(len(nodes), -1) if nodes else np.zeros((0, 0), dtype=np.float32),
        _integers([row_of[edge.parent_key] for edge in edges]),
        _integers([-1 if edge.child_key is None else row_of[edge.child_key] for edge in edges]),
        _integers([-1 if edge.revision_key is None else edge.revision_key for edge in edges]),
        _integers([row_of[quote.node_key] for quote in quotes]),
        _integers([quote.revision_key for quote in quotes]),
    )


def _whole() -> ColumnElement[bool]:
    """Of a node: everything that it was summarised by is there, and it has a vector."""
    there = (
        select(func.count())
        .select_from(collection_quotes)
        .where(collection_quotes.c.node_key == collection_nodes.c.key)
        .scalar_subquery()
    )
    return (
        collection_nodes.c.vector.is_not(None) & (collection_nodes.c.quoted > 0) & (collection_nodes.c.quoted == there)
    )


def _integers(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
