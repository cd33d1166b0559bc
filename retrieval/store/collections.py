"""Rows of collections: made on first use, listed with counts, deleted with everything in them."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, select, update

from retrieval.errors import InvalidRequest, NotFound
from retrieval.store import changes
from retrieval.store.schema import chunks, collections, documents, metadata_values
from retrieval.store.upsert import insert_unless_there
from retrieval.types import Json

# Letters and digits of any script; it is never used as a path.
_NAME = re.compile(r"^\w[\w.-]{0,63}$")
# Made once: composing a statement takes longer than running it, and every search runs it.
_BY_NAME = select(collections).where(collections.c.name == bindparam("name"))


@dataclass(frozen=True, slots=True)
class Collection:
    """A named knowledge base."""

    name: str
    settings: Json
    created_at: float


@dataclass(frozen=True, slots=True)
class CollectionCounts:
    """How much a collection holds; chunks are those that searches see."""

    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class MetadataField:
    """A field that documents of a collection carry."""

    name: str
    type: str  # text or number
    documents: int
    examples: Sequence[str | float]


def ensure(connection: Connection, name: str) -> None:
    """Creates the collection if it is new. Raises `InvalidRequest` for a name that cannot be one."""
    if not _NAME.match(name):
        raise InvalidRequest(
            "A collection's name has 1 to 64 letters, digits, '_', '.' or '-', and begins with a letter or digit.",
            field="collection",
        )
    insert_unless_there(connection, collections, name=name, settings={}, created_at=time.time())


def get(connection: Connection, name: str) -> Collection:
    """The collection; raises `NotFound`."""
    row = connection.execute(_BY_NAME, {"name": name}).mappings().first()
    if row is None:
        raise NotFound(f"There is no collection '{name[:64]}'; it is created when a document is added to it.")
    return _collection(row)


def list_page(connection: Connection, limit: int, after: str | None) -> Sequence[Collection]:
    """Collections by name, those after `after`."""
    statement = select(collections).order_by(collections.c.name).limit(limit)
    if after is not None:
        statement = statement.where(collections.c.name > after)
    return [_collection(row) for row in connection.execute(statement).mappings()]


def change_settings(connection: Connection, name: str, settings: Json) -> Collection:
    """Merges the given settings into the stored ones; raises `NotFound`."""
    merged = {**get(connection, name).settings, **settings}
    connection.execute(update(collections).where(collections.c.name == name).values(settings=merged))
    return get(connection, name)


def remove(connection: Connection, name: str) -> None:
    """Deletes the collection and all that is in it; raises `NotFound`."""
    get(connection, name)
    active = select(documents.c.active_revision).where(
        documents.c.collection == name, documents.c.active_revision.is_not(None)
    )
    changes.append(connection, "removed", [(name, revision_key) for revision_key in connection.scalars(active).all()])
    # Its own ranker goes too: a collection of the same name begins with the one that ships.
    changes.append_ranker(connection, name)
    connection.execute(delete(collections).where(collections.c.name == name))


def counts(connection: Connection, name: str) -> CollectionCounts:
    """How many documents the collection has, and chunks that searches see."""
    in_collection = documents.c.collection == name
    return CollectionCounts(
        documents=connection.scalar(select(func.count()).select_from(documents).where(in_collection)) or 0,
        chunks=connection.scalar(
            select(func.count())
            .select_from(chunks)
            .join(documents, documents.c.active_revision == chunks.c.revision_key)
            .where(in_collection)
        )
        or 0,
    )


def metadata_fields(connection: Connection, name: str, examples: int = 5) -> Sequence[MetadataField]:
    """The metadata fields that the collection's documents carry, with their most frequent values."""
    value = func.coalesce(metadata_values.c.text_value, metadata_values.c.number_value)
    is_number = metadata_values.c.number_value.is_not(None)
    found = connection.execute(
        select(
            metadata_values.c.field,
            is_number,
            func.count(func.distinct(metadata_values.c.document_key)),
        )
        .where(metadata_values.c.collection == name)
        .group_by(metadata_values.c.field, is_number)
        .order_by(metadata_values.c.field)
    ).all()
    return [
        MetadataField(
            field,
            "number" if number else "text",
            count,
            connection.scalars(
                select(metadata_values.c.number_value if number else metadata_values.c.text_value)
                .where(
                    metadata_values.c.collection == name, metadata_values.c.field == field, is_number.is_(bool(number))
                )
                .group_by(value)
                .order_by(func.count().desc(), value)
                .limit(examples)
            ).all(),
        )
        for field, number, count in found
    ]


def _collection(row: RowMapping) -> Collection:
    return Collection(row["name"], row["settings"], row["created_at"])
