"""Rows of rankers that were trained for a collection: every one is kept with its figures, at most one is active.

Without an active one the ranker that ships orders; it is version 0 and has no row. Whoever changes the active one logs
a change, so that every reader follows before its next search.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from retrieval.errors import Conflict, NotFound
from retrieval.store import changes, collections
from retrieval.store.schema import ranker_versions
from retrieval.types import Json

TrainedFrom = Literal["documents", "feedback"]
# The ranker that ships.
SHIPPED = 0


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A ranker that was trained and judged."""

    source: TrainedFrom
    embedder: str  # whose cosines it was trained with
    model: str  # LightGBM's text
    figures: Json  # what the gate saw
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class RankerVersion:
    """A stored one, without its text."""

    key: int
    collection: str
    number: int
    source: TrainedFrom
    embedder: str
    figures: Json
    is_accepted: bool
    is_active: bool
    replaced: int  # the version that ordered before it
    created_at: float


_COLUMNS = [column for column in ranker_versions.c if column.name != "model"]


def add(connection: Connection, collection: str, new: NewVersion) -> RankerVersion:
    """Keeps a version; an accepted one orders the collection's searches from the commit on. Raises `NotFound`."""
    collections.get(connection, collection)
    count = select(func.coalesce(func.max(ranker_versions.c.number), 0)).where(
        ranker_versions.c.collection == collection
    )
    number = (connection.scalar(count) or 0) + 1
    before = active(connection, collection)
    connection.execute(
        insert(ranker_versions).values(
            collection=collection,
            number=number,
            source=new.source,
            embedder=new.embedder,
            model=new.model,
            figures=new.figures,
            is_accepted=new.is_accepted,
            is_active=False,
            replaced=before.number if before is not None else SHIPPED,
            created_at=time.time(),
        )
    )
    if new.is_accepted:
        _activate(connection, collection, number)
    return get(connection, collection, number)


def listed(connection: Connection, collection: str) -> Sequence[RankerVersion]:
    """All versions of the collection, the oldest first."""
    statement = select(*_COLUMNS).where(ranker_versions.c.collection == collection).order_by(ranker_versions.c.number)
    return [RankerVersion(**row) for row in connection.execute(statement).mappings()]


def get(connection: Connection, collection: str, number: int) -> RankerVersion:
    """The version; raises `NotFound`."""
    found = next((version for version in listed(connection, collection) if version.number == number), None)
    if found is None:
        raise NotFound(f"Collection '{collection}' has no ranker version {number}; `scholiast ranker list` shows them.")
    return found


def active(connection: Connection, collection: str) -> RankerVersion | None:
    """The version that orders the collection's searches; None: the one that ships does."""
    return next((version for version in listed(connection, collection) if version.is_active), None)


def active_key(connection: Connection, collection: str) -> int | None:
    """The row key of the active version."""
    statement = select(ranker_versions.c.key).where(
        ranker_versions.c.collection == collection, ranker_versions.c.is_active
    )
    return connection.scalar(statement)


def model(connection: Connection, key: int) -> str | None:
    """The text of a version by its row key; None if its collection is gone."""
    return connection.scalar(select(ranker_versions.c.model).where(ranker_versions.c.key == key))


def by_key(connection: Connection, key: int) -> RankerVersion | None:
    """The version by its row key; None if its collection is gone."""
    row = connection.execute(select(*_COLUMNS).where(ranker_versions.c.key == key)).mappings().first()
    return RankerVersion(**row) if row is not None else None


def roll_back(connection: Connection, collection: str, number: int | None = None) -> int:
    """Lets the version before the active one order again, or the one of this number; gives its number.

    Raises `NotFound` for an unknown version, `Conflict` for one that the gate refused, and if there is nothing to go
    back from.
    """
    collections.get(connection, collection)
    now = active(connection, collection)
    if number is None:
        if now is None:
            raise Conflict(f"The ranker that ships orders collection '{collection}'; there is none before it.")
        number = now.replaced
    if number != SHIPPED and not get(connection, collection, number).is_accepted:
        raise Conflict(f"Version {number} was refused when it was compared with its predecessor; it never answers.")
    _activate(connection, collection, number)
    return number


def _activate(connection: Connection, collection: str, number: int) -> None:
    own = ranker_versions.c.collection == collection
    connection.execute(update(ranker_versions).where(own).values(is_active=ranker_versions.c.number == number))
    changes.append_ranker(connection, collection)
