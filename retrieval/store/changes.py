"""The change log that readers follow: a number that only grows, and which revision came or went at it.

A row is written in the transaction that makes the change, so a reader that has followed the log up to N has seen
exactly what the database said at N.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, bindparam, func, insert, select

from retrieval.store.schema import changes

# ranker: another version orders the collection's searches; tree: its tree over documents is another; graph: documents
# gave to its graph. The revision key of these is 0, which no revision has.
ChangeKind = Literal["added", "removed", "ranker", "tree", "graph"]
# Made once: composing a statement takes longer than running it, and every search runs it.
_LATEST = select(func.max(changes.c.number)).where(
    changes.c.collection == bindparam("collection"), changes.c.kind != "graph"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A revision became visible to searches, or stopped being so; or the collection has another ranker or tree."""

    number: int
    revision_key: int
    kind: ChangeKind


def append(connection: Connection, kind: ChangeKind, revisions: Sequence[tuple[str, int]]) -> None:
    """Logs that revisions, given as (collection, revision key), came or went."""
    if revisions:
        rows = [{"collection": name, "revision_key": key, "kind": kind} for name, key in revisions]
        connection.execute(insert(changes), rows)


def append_ranker(connection: Connection, collection: str) -> None:
    """Logs that another ranker orders the collection's searches."""
    append(connection, "ranker", [(collection, 0)])


def append_tree(connection: Connection, collection: str) -> int:
    """Logs that the collection's tree is another, and gives the number of this change."""
    append(connection, "tree", [(collection, 0)])
    return latest(connection, collection)


def latest(connection: Connection, collection: str) -> int:
    """The number of the collection's last change that searches are concerned with; 0 if there was none."""
    return connection.scalar(_LATEST, {"collection": collection}) or 0


def latest_of_revisions(connection: Connection, collection: str) -> int:
    """The number of the last change that index files are concerned with: they hold neither tree nor ranker."""
    of_revisions = (changes.c.collection == collection, changes.c.kind.in_(("added", "removed")))
    return connection.scalar(select(func.max(changes.c.number)).where(*of_revisions)) or 0


def latest_of_graph(connection: Connection, collection: str) -> int:
    """The number of the last change that gave to the collection's graph or took from it; 0 if there was none."""
    of_graph = (changes.c.collection == collection, changes.c.kind.in_(("graph", "removed")))
    return connection.scalar(select(func.max(changes.c.number)).where(*of_graph)) or 0


def newest(connection: Connection) -> int:
    """The number of the last change of any collection; 0 if there was none."""
    return connection.scalar(select(func.max(changes.c.number))) or 0


def since(connection: Connection, collection: str, number: int) -> Sequence[Change]:
    """The collection's changes after `number` that searches are concerned with, in order."""
    rows = connection.execute(
        select(changes.c.number, changes.c.revision_key, changes.c.kind)
        .where(changes.c.collection == collection, changes.c.number > number, changes.c.kind != "graph")
        .order_by(changes.c.number)
    )
    return [Change(*row) for row in rows]
