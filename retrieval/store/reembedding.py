"""Vectors of a second model beside those of the first: what it has not embedded yet, and what nobody needs any more.

Three kinds of rows carry vectors: chunks (their text, or the parts embedded in its place), further representations,
and tree nodes. Only what is visible counts; a revision that is still being ingested gets its vectors there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, func, select

from retrieval.errors import Conflict
from retrieval.store import changes, chunks, models, trees
from retrieval.store.schema import (
    chunks as chunks_table,
)
from retrieval.store.schema import documents, embedding_models, generations, node_vectors, representations, tree_nodes
from retrieval.types import Json

Carrier = Literal["chunk", "representation", "node"]
CARRIERS: tuple[Carrier, ...] = get_args(Carrier)
# Rows of one DELETE: others write in between.
_PURGED = 5_000


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A visible row without the vectors of a model, and the texts to embed for it."""

    key: int
    revision_key: int
    texts: Sequence[str]


Vectors = Mapping[str, NDArray[np.float16]]  # by text


def unembedded(
    connection: Connection, model_id: str, carrier: Carrier, limit: int, after: int = 0
) -> Sequence[Unembedded]:
    """Rows that the model has not embedded yet, in order, of those whose key is above `after`."""
    kind = _KINDS[carrier]
    statement = kind.select(model_id).where(kind.key > after).order_by(kind.key).limit(limit)
    return [Unembedded(row.key, row.revision_key, kind.texts(row)) for row in connection.execute(statement)]


def store(connection: Connection, model_id: str, carrier: Carrier, keys: Sequence[int], vectors: Vectors) -> None:
    """Stores the vectors of those of the rows that are still there and without; readers hear of it if they must.

    Raises `Conflict` if the model has been given up meanwhile.
    """
    roles = {model.model_id: model.role for model in models.listed(connection)}
    if model_id not in roles:
        raise Conflict(f"'{model_id}' is not in use any more.")
    kind = _KINDS[carrier]
    rows = connection.execute(kind.select(model_id).where(kind.key.in_(keys))).all()
    kind.store(connection, model_id, rows, vectors)
    if roles[model_id] == "active":
        # Searches have read these revisions already, without what comes now.
        owners = select(documents.c.collection, documents.c.active_revision).where(
            documents.c.active_revision.in_({row.revision_key for row in rows})
        )
        changes.append(connection, "added", [(name, key) for name, key in connection.execute(owners)])


def complete(connection: Connection, model_id: str, collection: str | None = None) -> bool:
    """Whether the model has embedded all that is visible, in one collection or in all."""
    return not any(_count(connection, model_id, kind, collection, limit=1) for kind in _KINDS.values())


def remaining(connection: Connection, model_id: str) -> int:
    """How many rows the model has still to embed."""
    return sum(_count(connection, model_id, kind, None, limit=None) for kind in _KINDS.values())


def visible(connection: Connection) -> int:
    """How many rows are visible and carry vectors, by the model that answers."""
    active = models.active(connection).model_id
    owned = chunks_table.c.revision_key == documents.c.active_revision
    counted = (
        select(func.count()).select_from(chunks_table).join(documents, owned),
        select(func.count())
        .select_from(representations)
        .join(chunks_table, chunks_table.c.key == representations.c.chunk_key)
        .join(documents, owned)
        .where(representations.c.kind != "text", representations.c.model_id == active),
        select(func.count())
        .select_from(tree_nodes)
        .join(documents, documents.c.active_revision == tree_nodes.c.revision_key),
    )
    return sum(connection.scalar(statement) or 0 for statement in counted)


def purge(connection: Connection) -> int:
    """Removes some vectors and all indexes of models that have no role any more; gives how many vectors it removed."""
    used = select(embedding_models.c.model_id)
    connection.execute(delete(generations).where(generations.c.model_id.not_in(used)))
    some = select(representations.c.key).where(representations.c.model_id.not_in(used)).limit(_PURGED)
    removed = connection.execute(delete(representations).where(representations.c.key.in_(some))).rowcount
    nodes = select(node_vectors.c.node_key).where(node_vectors.c.model_id.not_in(used)).limit(_PURGED)
    foreign = node_vectors.c.model_id.not_in(used)
    return (
        removed + connection.execute(delete(node_vectors).where(node_vectors.c.node_key.in_(nodes), foreign)).rowcount
    )


def _count(connection: Connection, model_id: str, kind: "_Kind", collection: str | None, limit: int | None) -> int:
    statement = kind.select(model_id)
    if collection is not None:
        statement = statement.where(documents.c.collection == collection)
    return connection.scalar(select(func.count()).select_from(statement.limit(limit).subquery())) or 0


def _chunks_without(model_id: str) -> Select[tuple[Json, ...]]:
    statement = chunks.select_without_vector(model_id)
    return statement.join(documents, documents.c.active_revision == chunks_table.c.revision_key)


def _representations_without(model_id: str) -> Select[tuple[Json, ...]]:
    """Representations that the other model in use has embedded and this one has not."""
    other = representations.alias("other")
    embedded = exists().where(
        and_(
            other.c.chunk_key == representations.c.chunk_key,
            other.c.kind == representations.c.kind,
            other.c.text_sha256 == representations.c.text_sha256,
            other.c.model_id == model_id,
        )
    )
    return (
        select(
            representations.c.key,
            chunks_table.c.revision_key,
            representations.c.chunk_key,
            representations.c.kind,
            representations.c.text,
        )
        .join(chunks_table, chunks_table.c.key == representations.c.chunk_key)
        .join(documents, documents.c.active_revision == chunks_table.c.revision_key)
        .join(embedding_models, embedding_models.c.model_id == representations.c.model_id)
        .where(representations.c.kind != "text", representations.c.model_id != model_id, ~embedded)
    )


def _nodes_without(model_id: str) -> Select[tuple[Json, ...]]:
    own = and_(node_vectors.c.node_key == tree_nodes.c.key, node_vectors.c.model_id == model_id)
    return (
        select(tree_nodes.c.key, tree_nodes.c.revision_key, tree_nodes.c.text, documents.c.name)
        .join(documents, documents.c.active_revision == tree_nodes.c.revision_key)
        .where(~exists().where(own))
    )


def _store_chunks(connection: Connection, model_id: str, rows: Sequence[Row[Json]], vectors: Vectors) -> None:
    chunks.add_vectors(connection, [chunks.pending(row) for row in rows], vectors, model_id)


def _store_representations(connection: Connection, model_id: str, rows: Sequence[Row[Json]], vectors: Vectors) -> None:
    new = [chunks.NewRepresentation(row.chunk_key, row.kind, row.text, vectors[row.text]) for row in rows]
    chunks.add_representations(connection, new, model_id)


def _store_nodes(connection: Connection, model_id: str, rows: Sequence[Row[Json]], vectors: Vectors) -> None:
    found = {row.key: vectors[trees.represented_by(row.name, row.text)] for row in rows}
    trees.add_vectors(connection, found, model_id)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How rows of a kind are found, what is embedded for one, and how its vectors are stored."""

    select: Callable[[str], Select[tuple[Json, ...]]]
    key: ColumnElement[int]
    texts: Callable[[Row[Json]], Sequence[str]]
    store: Callable[[Connection, str, Sequence[Row[Json]], Vectors], None]


_KINDS: Mapping[Carrier, _Kind] = {
    "chunk": _Kind(_chunks_without, chunks_table.c.key, lambda row: chunks.pending(row).represented_by, _store_chunks),
    "representation": _Kind(
        _representations_without, representations.c.key, lambda row: [row.text], _store_representations
    ),
    "node": _Kind(
        _nodes_without, tree_nodes.c.key, lambda row: [trees.represented_by(row.name, row.text)], _store_nodes
    ),
}
