"""The change log that readers follow: a number that only grows, and which revision came or went at it.

A row is written in the transaction that makes the change, so a reader that has followed the log up to N has seen
exactly what the database said at N.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from retrieval.store.schema import changes

ChangeKind = Literal["added", "removed", "tree"]


@dataclass(frozen=True, slots=True)
class Change:
    """A revision became visible to searches, or stopped being so; or the collection's tree is another (no revision)."""

    number: int
    revision_key: int
    kind: ChangeKind


def append(connection: Connection, kind: ChangeKind, revisions: Sequence[tuple[str, int]]) -> None:
    """Logs that revisions, given as (collection, revision key), came or went."""
    if revisions:
        rows = [{"collection": name, "revision_key": key, "kind": kind} for name, key in revisions]
        connection.execute(insert(changes), rows)


def append_tree(connection: Connection, collection: str) -> int:
    """Logs that the collection's tree is another, and gives the number of this change."""
    append(connection, "tree", [(collection, 0)])
    return latest(connection, collection)


def latest(connection: Connection, collection: str) -> int:
    """The number of the collection's last change; 0 if there was none."""
    return connection.scalar(select(func.max(changes.c.number)).where(changes.c.collection == collection)) or 0


def latest_of_revisions(connection: Connection, collection: str) -> int:
    """The number of the last change that index files are concerned with: they do not hold the collection's tree."""
    of_revisions = (changes.c.collection == collection, changes.c.kind != "tree")
    return connection.scalar(select(func.max(changes.c.number)).where(*of_revisions)) or 0


def newest(connection: Connection) -> int:
    """The number of the last change of any collection; 0 if there was none."""
    return connection.scalar(select(func.max(changes.c.number))) or 0


def since(connection: Connection, collection: str, number: int) -> Sequence[Change]:
    """The collection's changes after `number`, in order."""
    rows = connection.execute(
        select(changes.c.number, changes.c.revision_key, changes.c.kind)
        .where(changes.c.collection == collection, changes.c.number > number)
        .order_by(changes.c.number)
    )
    return [Change(*row) for row in rows]
