"""Rows of index generations: which folder of index files serves a collection, and up to which change.

The newest one of the model that answers serves; those of a model that is being made, or kept, wait beside it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from retrieval.store.schema import generations


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


def newest(connection: Connection, collection: str, model_id: str) -> Generation | None:
    """The generation that serves the collection where the model answers; None while it has none."""
    row = connection.execute(
        select(generations)
        .where(generations.c.collection == collection, generations.c.model_id == model_id)
        .order_by(generations.c.key.desc())
        .limit(1)
    ).first()
    return Generation(**row._mapping) if row is not None else None


def listed(connection: Connection) -> Sequence[Generation]:
    """All of them."""
    return [Generation(**row) for row in connection.execute(select(generations)).mappings()]


def publish(connection: Connection, generation: Generation) -> None:
    """Makes the folder the newest generation of its collection and model. The key is given by the database."""
    values = {name: getattr(generation, name) for name in ("collection", "folder", "change_number", "chunk_count")}
    connection.execute(insert(generations).values(**values, model_id=generation.model_id, created_at=time.time()))


def withdraw(connection: Connection, generation_key: int) -> None:
    """Takes a damaged generation out of service; the worker builds another from the database."""
    connection.execute(delete(generations).where(generations.c.key == generation_key))


def retire(connection: Connection, collection: str, model_id: str) -> None:
    """Forgets all generations of the collection and model but the newest."""
    own = (generations.c.collection == collection) & (generations.c.model_id == model_id)
    latest = select(func.max(generations.c.key)).where(own).scalar_subquery()
    connection.execute(delete(generations).where(own, generations.c.key != latest))


def folders(connection: Connection) -> Sequence[str]:
    """The folders that any row names."""
    return connection.scalars(select(generations.c.folder)).all()
