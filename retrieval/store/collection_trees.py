"""Rows of the tree over the documents of a collection: nodes above documents, level by level up to a root.

A node is the sentences that it quotes from digests. Whoever takes a revision away calls `withdraw` in the same
transaction: from its commit on, no node that quoted it has a vector to be found by. Foreign keys take its sentences
out of every node, whoever deletes it, and a node that lacks one of its quotations is not searched.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from retrieval.store import changes
from retrieval.store.schema import (
    collection_edges,
    collection_nodes,
    collection_quotes,
    collection_trees,
    digest_sentences,
    revisions,
)
from retrieval.types import Json

# Values of one IN (...): SQLite and PostgreSQL take as many.
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a level is from when it was last clustered as a whole."""

    clustered: int = 0  # members then
    joined: int = 0  # members that were added to its clusters since

    def moved(self, members: int) -> int:
        """How many came or went since, where there are so many members now."""
        return self.joined + max(self.clustered + self.joined - members, 0)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What becomes of the clusters of a level. Members are revisions on level 1, else nodes of the level below."""

    kept: Mapping[int, Sequence[int]] = field(default_factory=dict)  # by node: its members, where they changed
    new: Sequence[Sequence[int]] = ()
    dropped: Collection[int] = ()
    drift: Drift = Drift()


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that a node may quote."""

    key: int
    text: str
    tokens: int
    vector: NDArray[np.float32]


def ensure(connection: Connection, collection: str) -> None:
    """Notes that there is something to make a tree of."""
    known = select(collection_trees.c.collection).where(collection_trees.c.collection == collection)
    if connection.scalar(known) is None:
        row = {"collection": collection, "followed": 0, "announced": True, "drift": {}}
        connection.execute(insert(collection_trees), [row])


def withdraw(connection: Connection, revision_keys: Sequence[int]) -> None:
    """Takes every node that quotes the revisions out of searches; what stands on them is to be summarised anew."""
    quoting = (
        select(collection_quotes.c.node_key)
        .join(digest_sentences, digest_sentences.c.key == collection_quotes.c.sentence_key)
        .where(digest_sentences.c.revision_key.in_(revision_keys))
    )
    silent = {"stale": True, "quoted": 0, "vector": None}
    connection.execute(update(collection_nodes).where(collection_nodes.c.key.in_(quoting)).values(silent))
    above = select(collection_edges.c.parent_key).where(collection_edges.c.revision_key.in_(revision_keys))
    connection.execute(update(collection_nodes).where(collection_nodes.c.key.in_(above)).values(stale=True))


def behind(connection: Connection) -> Sequence[str]:
    """Collections that changed since their tree was last brought up to date, or whose tree nobody has heard of."""
    rows = connection.execute(select(collection_trees).order_by(collection_trees.c.collection)).all()
    return [row.collection for row in rows if not row.announced or row.followed < _latest(connection, row.collection)]


def clusters(connection: Connection, collection: str, level: int) -> dict[int, list[int]]:
    """The members of every node of the level, in order; a node may have lost them all."""
    rows = connection.execute(
        select(collection_nodes.c.key, func.coalesce(collection_edges.c.child_key, collection_edges.c.revision_key))
        .outerjoin(collection_edges, collection_edges.c.parent_key == collection_nodes.c.key)
        .where(collection_nodes.c.collection == collection, collection_nodes.c.level == level)
        .order_by(collection_nodes.c.key, collection_edges.c.key)
    )
    found: dict[int, list[int]] = {}
    for key, member in rows:
        members = found.setdefault(key, [])
        if member is not None:
            members.append(member)
    return found


def drift(connection: Connection, collection: str, level: int) -> Drift:
    """How far the level is from when it was last clustered as a whole."""
    kept = connection.scalar(select(collection_trees.c.drift).where(collection_trees.c.collection == collection))
    return Drift(*(kept or {}).get(str(level), (0, 0)))


def arrange(connection: Connection, collection: str, level: int, arrangement: Arrangement) -> None:
    """Stores what became of a level's clusters. Members that were deleted meanwhile are left out."""
    above = _parents_of(arrangement.dropped)
    connection.execute(update(collection_nodes).where(collection_nodes.c.key.in_(above)).values(stale=True))
    connection.execute(delete(collection_nodes).where(collection_nodes.c.key.in_(arrangement.dropped)))
    members = dict(arrangement.kept)
    for cluster in arrangement.new:
        row = {"collection": collection, "level": level, "stale": True, "quoted": 0}
        key = connection.execute(insert(collection_nodes).values(row).returning(collection_nodes.c.key)).scalar_one()
        members[key] = cluster
    there = _existing(connection, level, {member for cluster in members.values() for member in cluster})
    column = "revision_key" if level == 1 else "child_key"
    connection.execute(delete(collection_edges).where(collection_edges.c.parent_key.in_(members)))
    edges = [
        {"parent_key": key, column: member} for key, cluster in members.items() for member in cluster if member in there
    ]
    if edges:
        connection.execute(insert(collection_edges), edges)
    connection.execute(update(collection_nodes).where(collection_nodes.c.key.in_(arrangement.kept)).values(stale=True))
    kept = connection.scalar(select(collection_trees.c.drift).where(collection_trees.c.collection == collection))
    state = {**(kept or {}), str(level): [arrangement.drift.clustered, arrangement.drift.joined]}
    _note(connection, collection, drift=state, announced=False)


def unsummarised(connection: Connection, collection: str, level: int, model_id: str) -> Sequence[int]:
    """Nodes of the level whose members changed, or that the model has not embedded."""
    of_other_model = or_(collection_nodes.c.vector.is_(None), collection_nodes.c.model_id != model_id)
    return connection.scalars(
        select(collection_nodes.c.key)
        .where(
            collection_nodes.c.collection == collection,
            collection_nodes.c.level == level,
            or_(collection_nodes.c.stale, of_other_model),
        )
        .order_by(collection_nodes.c.key)
    ).all()


def sources(connection: Connection, node_keys: Sequence[int], level: int) -> Mapping[int, Sequence[Source]]:
    """By node: the sentences of its documents' digests or, above level 1, those that the nodes below it quote."""
    columns = [digest_sentences.c[name] for name in ("key", "text", "tokens", "vector")]
    statement = select(collection_edges.c.parent_key, *columns).distinct()
    if level == 1:
        statement = statement.join(digest_sentences, digest_sentences.c.revision_key == collection_edges.c.revision_key)
    else:
        statement = statement.join(
            collection_quotes, collection_quotes.c.node_key == collection_edges.c.child_key
        ).join(digest_sentences, digest_sentences.c.key == collection_quotes.c.sentence_key)
    rows = connection.execute(
        statement.where(collection_edges.c.parent_key.in_(node_keys)).order_by(
            collection_edges.c.parent_key, digest_sentences.c.key
        )
    )
    found: dict[int, list[Source]] = {key: [] for key in node_keys}
    for node, key, text, tokens, vector in rows:
        found[node].append(Source(key, text, tokens, _vector(vector)))
    return found


def quotations(connection: Connection, node_keys: Sequence[int]) -> Mapping[int, set[int]]:
    """By node: the keys of the sentences that it quotes."""
    rows = connection.execute(
        select(collection_quotes.c.node_key, collection_quotes.c.sentence_key).where(
            collection_quotes.c.node_key.in_(node_keys)
        )
    )
    found: dict[int, set[int]] = {key: set() for key in node_keys}
    for node, sentence in rows:
        found[node].add(sentence)
    return found


def summarise(
    connection: Connection, node_key: int, quoted: Sequence[int], vector: NDArray[np.float16], model_id: str
) -> None:
    """Stores what a node quotes, by the sentences' keys, and its vector.

    If that is something else than before, the nodes above are to be summarised anew. A node that is gone, or a sentence
    of which is, is left as it is: whoever took it away has marked it.
    """
    there = connection.scalar(
        select(func.count()).select_from(digest_sentences).where(digest_sentences.c.key.in_(quoted))
    )
    node = select(collection_nodes.c.collection).where(collection_nodes.c.key == node_key).with_for_update()
    collection = connection.scalar(node)
    if collection is None or there != len(quoted):
        return
    if quotations(connection, [node_key])[node_key] != set(quoted):
        connection.execute(delete(collection_quotes).where(collection_quotes.c.node_key == node_key))
        rows = [{"node_key": node_key, "sentence_key": key} for key in quoted]
        connection.execute(insert(collection_quotes), rows)
        above = _parents_of([node_key])
        connection.execute(update(collection_nodes).where(collection_nodes.c.key.in_(above)).values(stale=True))
    connection.execute(
        update(collection_nodes)
        .where(collection_nodes.c.key == node_key)
        .values(stale=False, quoted=len(quoted), model_id=model_id, vector=vector.tobytes())
    )
    _note(connection, collection, announced=False)


def vectors(connection: Connection, collection: str, level: int, model_id: str) -> dict[int, NDArray[np.float32]]:
    """The vectors of the level's nodes by key, in order."""
    rows = connection.execute(
        select(collection_nodes.c.key, collection_nodes.c.vector)
        .where(
            collection_nodes.c.collection == collection,
            collection_nodes.c.level == level,
            collection_nodes.c.model_id == model_id,
            collection_nodes.c.vector.is_not(None),
        )
        .order_by(collection_nodes.c.key)
    )
    return {key: _vector(vector) for key, vector in rows}


def end_at(connection: Connection, collection: str, level: int) -> None:
    """Drops every node of the level and above: the level below needs nothing over it."""
    higher = (collection_nodes.c.collection == collection) & (collection_nodes.c.level >= level)
    if connection.execute(delete(collection_nodes).where(higher)).rowcount:
        _note(connection, collection, announced=False)


def announce(connection: Connection, collection: str, number: int) -> None:
    """Notes that the tree stands on the collection as of this change and, if it is another, lets readers know."""
    state = connection.execute(select(collection_trees).where(collection_trees.c.collection == collection)).first()
    if state is None:
        return
    # What else was logged since `number` is still to be looked at; then the next round notes it.
    is_latest = _latest(connection, collection) == number
    if not state.announced:
        announced = changes.append_tree(connection, collection)
        number = announced if is_latest else number
    _note(connection, collection, announced=True, followed=number)


def forget(connection: Connection, collection: str) -> None:
    """Drops the tree; it is made anew from the digests, if there are any."""
    if connection.execute(delete(collection_nodes).where(collection_nodes.c.collection == collection)).rowcount:
        changes.append_tree(connection, collection)
    _note(connection, collection, followed=0, drift={})


def _parents_of(node_keys: Collection[int]) -> Select[tuple[int]]:
    return select(collection_edges.c.parent_key).where(collection_edges.c.child_key.in_(node_keys))


def _existing(connection: Connection, level: int, members: Collection[int]) -> set[int]:
    column = revisions.c.key if level == 1 else collection_nodes.c.key
    found: set[int] = set()
    for some in _portions(sorted(members)):
        found |= set(connection.scalars(select(column).where(column.in_(some)).with_for_update()))
    return found


def _portions(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _note(connection: Connection, collection: str, **values: Json) -> None:
    connection.execute(update(collection_trees).where(collection_trees.c.collection == collection).values(values))


def _latest(connection: Connection, collection: str) -> int:
    return changes.latest(connection, collection)


def _vector(stored: bytes) -> NDArray[np.float32]:
    return np.frombuffer(stored, dtype=np.float16).astype(np.float32)
