"""Rows of digests: the few sentences of a document, with their vectors, that the collection's tree is made of.

A digest goes with its revision, and every quotation of its sentences with it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, delete, insert, select, update

from retrieval.store import collection_trees
from retrieval.store.schema import (
    chunks,
    digest_sentences,
    document_digests,
    documents,
    node_vectors,
    representations,
    tree_nodes,
)
from retrieval.types import Json


@dataclass(frozen=True, slots=True)
class DigestSentence:
    """A sentence of a document. Where it comes from the database, it has a key."""

    text: str
    tokens: int
    vector: NDArray[np.float16]  # [dimension], unit length
    key: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """What a document says, and the vector by which it is clustered."""

    vector: NDArray[np.float16]  # [dimension], unit length
    sentences: Sequence[DigestSentence]


def replace(connection: Connection, collection: str, revision_key: int, digest: Digest | None, model_id: str) -> None:
    """Stores the digest of a revision in place of the one it had; the same sentences stay, and what quotes them."""
    known = connection.execute(
        select(digest_sentences.c.text)
        .where(digest_sentences.c.revision_key == revision_key)
        .order_by(digest_sentences.c.key)
    )
    had = connection.scalar(select(document_digests.c.model_id).where(document_digests.c.revision_key == revision_key))
    same = digest is not None and had == model_id and known.scalars().all() == [item.text for item in digest.sentences]
    if same or (digest is None and had is None):
        return
    collection_trees.withdraw(connection, [revision_key])
    connection.execute(delete(document_digests).where(document_digests.c.revision_key == revision_key))
    if digest is not None:
        collection_trees.ensure(connection, collection)
        row = {"revision_key": revision_key, "model_id": model_id, "vector": digest.vector.tobytes()}
        connection.execute(insert(document_digests), [row])
        connection.execute(
            insert(digest_sentences),
            [
                {
                    "revision_key": revision_key,
                    "text": item.text,
                    "tokens": item.tokens,
                    "vector": item.vector.tobytes(),
                }
                for item in digest.sentences
            ],
        )


def owners(connection: Connection, revision_keys: Collection[int]) -> set[int]:
    """Those of the revisions that have a digest."""
    statement = select(document_digests.c.revision_key).where(document_digests.c.revision_key.in_(revision_keys))
    return set(connection.scalars(statement))


def vectors(connection: Connection, collection: str, model_id: str) -> dict[int, NDArray[np.float32]]:
    """The vectors of the collection's visible documents by revision, in order; those without a digest are missing."""
    rows = connection.execute(
        _visible(collection, document_digests.c.revision_key, document_digests.c.vector)
        .where(document_digests.c.model_id == model_id)
        .order_by(document_digests.c.revision_key)
    )
    return {row.revision_key: _vector(row.vector) for row in rows}


def of_other_models(connection: Connection, collection: str, model_id: str, limit: int) -> Sequence[int]:
    """Visible revisions whose digest another model embedded, and whose document this one has embedded already."""
    by_model = (
        select(chunks.c.revision_key)
        .join(representations, representations.c.chunk_key == chunks.c.key)
        .where(representations.c.model_id == model_id)
    )
    statement = (
        _visible(collection, document_digests.c.revision_key)
        .where(document_digests.c.model_id != model_id, document_digests.c.revision_key.in_(by_model))
        .order_by(document_digests.c.revision_key)
        .limit(limit)
    )
    return [row.revision_key for row in connection.execute(statement)]


def sentences(connection: Connection, revision_keys: Collection[int]) -> Mapping[int, str]:
    """The texts of the revisions' digests by the sentences' keys."""
    rows = connection.execute(
        select(digest_sentences.c.key, digest_sentences.c.text).where(
            digest_sentences.c.revision_key.in_(revision_keys)
        )
    )
    return {row.key: row.text for row in rows}


def embed_anew(
    connection: Connection, revision_keys: Collection[int], made: Mapping[int, NDArray[np.float16]], model_id: str
) -> None:
    """Gives digests the vectors of another model, by the sentences' keys; the sentences stay what they are."""
    for key, vector in made.items():
        connection.execute(
            update(digest_sentences).where(digest_sentences.c.key == key).values(vector=vector.tobytes())
        )
    for key in revision_keys:
        connection.execute(
            update(document_digests)
            .where(document_digests.c.revision_key == key)
            .values(model_id=model_id, vector=_document_vector(connection, key, model_id).astype(np.float16).tobytes())
        )


def _document_vector(connection: Connection, revision_key: int, model_id: str) -> NDArray[np.float32]:
    """That of the root of the document's tree, or the mean of its chunks."""
    root = connection.scalar(
        select(node_vectors.c.vector)
        .join(tree_nodes, tree_nodes.c.key == node_vectors.c.node_key)
        .where(tree_nodes.c.revision_key == revision_key, node_vectors.c.model_id == model_id)
        .order_by(tree_nodes.c.level.desc(), tree_nodes.c.ordinal)
        .limit(1)
    )
    if root is not None:
        return _vector(root)
    found = connection.scalars(
        select(representations.c.vector)
        .join(chunks, chunks.c.key == representations.c.chunk_key)
        .where(
            chunks.c.revision_key == revision_key,
            representations.c.kind == "text",
            representations.c.model_id == model_id,
        )
    )
    return mean_vector([_vector(vector) for vector in found])


def mean_vector(found: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of unit vectors as a unit vector."""
    mean = np.mean(found, axis=0)
    unit: NDArray[np.float32] = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return unit


def _visible(collection: str, *columns: Json) -> Select[tuple[Json, ...]]:
    return (
        select(*columns)
        .select_from(document_digests)
        .join(documents, documents.c.active_revision == document_digests.c.revision_key)
        .where(documents.c.collection == collection)
    )


def _vector(stored: bytes) -> NDArray[np.float32]:
    return np.frombuffer(stored, dtype=np.float16).astype(np.float32)
