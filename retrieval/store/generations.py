"""Rows of index generations: which folder of index files serves a collection, and up to which change."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, insert, select, update

from retrieval.store.schema import collections, generations
from retrieval.types import Json


@dataclass(frozen=True, slots=True)
class Generation:
    """A published set of index files."""

    key: int
    collection: str
    folder: str
    change_number: int  # it holds everything up to this change
    chunk_count: int
    model_id: str
    created_at: float


def active(connection: Connection, collection: str) -> Generation | None:
    """The generation that serves the collection; None while it has none."""
    row = connection.execute(
        select(generations)
        .join(collections, collections.c.active_generation == generations.c.key)
        .where(collections.c.name == collection)
    ).first()
    return _generation(row) if row is not None else None


def publish(connection: Connection, collection: str, folder: str, change_number: int, size: tuple[int, str]) -> None:
    """Makes the folder the collection's active generation: the one row flip. `size` is (chunk count, model id)."""
    chunk_count, model_id = size
    key = connection.execute(
        insert(generations)
        .values(
            collection=collection,
            folder=folder,
            change_number=change_number,
            chunk_count=chunk_count,
            model_id=model_id,
            created_at=time.time(),
        )
        .returning(generations.c.key)
    ).scalar_one()
    connection.execute(update(collections).where(collections.c.name == collection).values(active_generation=key))


def withdraw(connection: Connection, generation_key: int) -> None:
    """Takes a damaged generation out of service; the worker builds another from the database."""
    connection.execute(
        update(collections).where(collections.c.active_generation == generation_key).values(active_generation=None)
    )
    connection.execute(delete(generations).where(generations.c.key == generation_key))


def retire(connection: Connection, collection: str) -> None:
    """Forgets all generations of the collection but the active one."""
    current = select(collections.c.active_generation).where(collections.c.name == collection).scalar_subquery()
    connection.execute(delete(generations).where(generations.c.collection == collection, generations.c.key != current))


def folders(connection: Connection) -> Sequence[str]:
    """The folders that any row names."""
    return connection.scalars(select(generations.c.folder)).all()


def _generation(row: Row[Json]) -> Generation:
    return Generation(**row._mapping)
