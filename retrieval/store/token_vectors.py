"""Rows of token vectors: what late interaction compares, made in the background where a collection asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, and_, delete, exists, insert, select

from retrieval.store import changes
from retrieval.store.schema import chunks, collections, documents, token_vectors
from retrieval.types import Json

# The name of the setting of a collection.
SETTING = "late_interaction"


@dataclass(frozen=True, slots=True)
class TokenRows:
    """The codes of some chunks' tokens, one after the other; of one model."""

    model_id: str = ""
    chunk_keys: Sequence[int] = ()  # ascending; chunks without tokens are missing
    counts: Sequence[int] = ()  # tokens of each
    codes: Sequence[bytes] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Untokened:
    """A visible chunk without token vectors."""

    key: int
    collection: str
    revision_key: int
    headings: tuple[str, ...]
    text: str


def wanting(connection: Connection) -> Sequence[str]:
    """The collections that ask for token vectors."""
    rows = connection.execute(select(collections.c.name, collections.c.settings))
    return [name for name, settings in rows if settings.get(SETTING)]


def missing(connection: Connection, model_id: str, limit: int) -> Sequence[Untokened]:
    """Visible chunks that the model has not encoded, of the collections that ask for it."""
    own = and_(token_vectors.c.chunk_key == chunks.c.key, token_vectors.c.model_id == model_id)
    rows = connection.execute(
        select(chunks.c.key, documents.c.collection, chunks.c.revision_key, chunks.c.headings, chunks.c.text)
        .join(documents, documents.c.active_revision == chunks.c.revision_key)
        .where(documents.c.collection.in_(wanting(connection)), ~exists().where(own))
        .order_by(chunks.c.key)
        .limit(limit)
    )
    return [Untokened(key, name, revision, tuple(paths), text) for key, name, revision, paths, text in rows]


def store(
    connection: Connection, model_id: str, encoded: Sequence[Untokened], codes: Mapping[int, NDArray[np.uint8]]
) -> None:
    """Stores the codes [tokens, bytes] of those chunks that are still there, by chunk key; readers hear of it."""
    keys = [item.key for item in encoded]
    connection.execute(delete(token_vectors).where(token_vectors.c.chunk_key.in_(keys)))
    there = set(connection.scalars(select(chunks.c.key).where(chunks.c.key.in_(keys))))
    rows = [
        {"chunk_key": key, "model_id": model_id, "tokens": len(codes[key]), "codes": codes[key].tobytes()}
        for key in keys
        if key in there
    ]
    if rows:
        connection.execute(insert(token_vectors), rows)
    # Searches have read these revisions already, without what comes now.
    owners = {(item.collection, item.revision_key) for item in encoded if item.key in there}
    visible = set(
        connection.scalars(
            select(documents.c.active_revision).where(documents.c.active_revision.in_([key for _, key in owners]))
        )
    )
    changes.append(connection, "added", sorted(owner for owner in owners if owner[1] in visible))


def purge(connection: Connection, limit: int) -> int:
    """Removes some token vectors of collections that ask for none any more; gives how many."""
    unwanted = (
        select(token_vectors.c.chunk_key)
        .join(chunks, chunks.c.key == token_vectors.c.chunk_key)
        .join(documents, documents.c.active_revision == chunks.c.revision_key)
        .where(documents.c.collection.not_in(wanting(connection)))
        .limit(limit)
    )
    return connection.execute(delete(token_vectors).where(token_vectors.c.chunk_key.in_(unwanted))).rowcount


def index_rows(connection: Connection, collection: str, revision_keys: Sequence[int] | None) -> TokenRows:
    """What an index needs of the collection's visible chunks, or of some revisions' among them.

    While another model's take the place of one's, those of the model that has encoded more.
    """
    statement: Select[tuple[Json, ...]] = (
        select(token_vectors)
        .join(chunks, chunks.c.key == token_vectors.c.chunk_key)
        .join(documents, documents.c.active_revision == chunks.c.revision_key)
        .where(documents.c.collection == collection)
        .order_by(token_vectors.c.chunk_key)
    )
    if revision_keys is not None:
        statement = statement.where(chunks.c.revision_key.in_(list(revision_keys)))
    found = connection.execute(statement).all()
    if not found:
        return TokenRows()
    models = [row.model_id for row in found]
    chosen = max(sorted(set(models)), key=models.count)
    kept = [row for row in found if row.model_id == chosen]
    return TokenRows(chosen, [row.chunk_key for row in kept], [row.tokens for row in kept], [row.codes for row in kept])
