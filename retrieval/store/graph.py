"""Rows of the property graph: what documents gave to it, and what of it is left when they go.

Whoever takes a revision away calls `withdraw` in the same transaction: from its commit on there is no mention, relation
or value of it, and no entity that only it named. Foreign keys take the rest, whoever deletes a chunk.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, or_, select, update

from retrieval.graph.types import DocumentGraph
from retrieval.store import changes
from retrieval.store.schema import (
    chunks,
    collections,
    documents,
    graph_documents,
    graph_edges,
    graph_mentions,
    graph_nodes,
    graph_values,
    revisions,
)
from retrieval.types import Json

# Values of one IN (...), rows of one INSERT.
_AT_ONCE = 5_000
# A revision that is found in this state was being read when its worker died; the second time it is given up.
_STARTED = {None: "running", "running": "retrying"}
_OVER = ("done", "failed")


@dataclass(frozen=True, slots=True)
class GraphTask:
    """A visible revision whose graph is to be made."""

    revision_key: int
    collection: str
    document: str  # its display name
    state: str | None  # what an earlier attempt left behind


@dataclass(frozen=True, slots=True)
class GraphChunk:
    """A chunk as the graph's extraction sees it."""

    key: int
    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class GraphCounts:
    """How much graph there is."""

    entities: int
    relations: int
    values: int


def is_on(settings: Json) -> bool:
    """Whether a collection with these settings has a graph."""
    return settings.get("graph", True) is True and settings.get("enrichment", "on") != "off"


def waiting(connection: Connection, version: int, limit: int) -> Sequence[GraphTask]:
    """Visible revisions whose graph is not made, or by an older version, oldest first; not those of paused ones."""
    settings = {
        row.name: row.settings for row in connection.execute(select(collections.c.name, collections.c.settings))
    }
    wanted = [name for name, own in settings.items() if is_on(own) and own.get("enrichment", "on") == "on"]
    rows = connection.execute(
        select(revisions.c.key, documents.c.collection, documents.c.name, graph_documents.c.state)
        .join(documents, documents.c.active_revision == revisions.c.key)
        .outerjoin(graph_documents, graph_documents.c.revision_key == revisions.c.key)
        .where(
            documents.c.collection.in_(wanted),
            or_(
                graph_documents.c.revision_key.is_(None),
                graph_documents.c.state.not_in(_OVER),
                graph_documents.c.version != version,
            ),
        )
        .order_by(revisions.c.key)
        .limit(limit)
    )
    return [GraphTask(key, name, document, None if state in _OVER else state) for key, name, document, state in rows]


def occasion(connection: Connection) -> Json:
    """What decides whether any graph is to be made or dropped; as long as it stays the same, none is."""
    asked = [(name, is_on(own), own.get("enrichment", "on")) for name, own in sorted(_settings(connection).items())]
    return changes.newest(connection), asked


def begin(connection: Connection, task: GraphTask, version: int) -> bool:
    """Notes that a revision is being read, and clears what an earlier attempt left.

    False if it is not visible any more, or brought its worker down twice already and is given up.
    """
    if connection.scalar(select(documents.c.key).where(documents.c.active_revision == task.revision_key)) is None:
        return False
    withdraw(connection, [task.revision_key])
    state = _STARTED.get(task.state, "failed")
    row = {"revision_key": task.revision_key, "version": version, "state": state}
    connection.execute(insert(graph_documents), [row])
    return state != "failed"


def is_begun(connection: Connection, revision_key: int) -> bool:
    """Whether the revision is still there and being read."""
    return state(connection, revision_key) in {"running", "retrying"}


def fail(connection: Connection, revision_key: int, version: int) -> None:
    """Notes that a revision cannot be read, and drops what was stored of it; it is not tried again."""
    if is_begun(connection, revision_key):
        withdraw(connection, [revision_key])
        row = {"revision_key": revision_key, "version": version, "state": "failed"}
        connection.execute(insert(graph_documents), [row])


def finish(connection: Connection, revision_keys: Sequence[int], state: str) -> None:
    """Ends the reading of revisions as done or failed."""
    connection.execute(
        update(graph_documents).where(graph_documents.c.revision_key.in_(revision_keys)).values(state=state)
    )


def add(connection: Connection, collection: str, found: DocumentGraph) -> None:
    """Stores what chunks of a visible document gave; every entity of a relation or value must be mentioned there."""
    keys = _entity_keys(connection, collection, sorted({item.normal for item in found.mentions}))
    mentions = [
        {
            "node_key": keys[item.normal],
            "chunk_key": item.chunk_key,
            "name": item.name,
            "kind": item.kind,
            "times": item.times,
        }
        for item in found.mentions
    ]
    edges = [
        {
            "source_key": keys[item.source],
            "target_key": keys[item.target],
            "relation": item.relation,
            "chunk_key": item.place.chunk_key,
            "start": item.place.start,
            "end": item.place.end,
        }
        for item in found.edges
    ]
    values = [
        {
            "node_key": keys[item.normal],
            "name": item.name,
            "value": item.value,
            "number": item.number,
            "chunk_key": item.place.chunk_key,
            "start": item.place.start,
            "end": item.place.end,
        }
        for item in found.values
    ]
    for table, rows in ((graph_mentions, mentions), (graph_edges, edges), (graph_values, values)):
        if rows:
            connection.execute(insert(table), rows)


def announce(connection: Connection, names: Collection[str]) -> None:
    """Lets readers of the graph know that it changed in these collections."""
    changes.append(connection, "graph", [(name, 0) for name in sorted(names)])


def withdraw(connection: Connection, revision_keys: Sequence[int]) -> None:
    """Takes all that the revisions gave out of the graph, with the entities that nothing else mentions."""
    read = select(graph_documents.c.revision_key).where(graph_documents.c.revision_key.in_(revision_keys))
    known = connection.scalars(read).all()
    if not known:
        return
    owned = select(chunks.c.key).where(chunks.c.revision_key.in_(known))
    named = connection.scalars(
        select(graph_mentions.c.node_key).where(graph_mentions.c.chunk_key.in_(owned)).distinct()
    ).all()
    for table in (graph_edges, graph_values, graph_mentions):
        connection.execute(delete(table).where(table.c.chunk_key.in_(owned)))
    for keys in _pieces(named):
        connection.execute(delete(graph_nodes).where(graph_nodes.c.key.in_(keys), unmentioned()))
    connection.execute(delete(graph_documents).where(graph_documents.c.revision_key.in_(known)))


def unmentioned() -> ColumnElement[bool]:
    """The condition that an entity is named by no chunk."""
    return ~exists().where(graph_mentions.c.node_key == graph_nodes.c.key)


def clear(connection: Connection) -> None:
    """Drops the graphs of all collections; what is visible waits to be read again."""
    names = connection.scalars(select(graph_nodes.c.collection).distinct()).all()
    for table in (graph_nodes, graph_documents):  # the rest goes with the entities
        connection.execute(delete(table))
    announce(connection, names)


def switched_off(connection: Connection) -> Sequence[tuple[str, int]]:
    """Revisions, with their collections, that still have a graph where the settings ask for none."""
    settings = {
        row.name: row.settings for row in connection.execute(select(collections.c.name, collections.c.settings))
    }
    off = [name for name, own in settings.items() if not is_on(own)]
    rows = connection.execute(
        select(documents.c.collection, graph_documents.c.revision_key)
        .join(revisions, revisions.c.key == graph_documents.c.revision_key)
        .join(documents, documents.c.key == revisions.c.document_key)
        .where(documents.c.collection.in_(off))
        .limit(_AT_ONCE)
    )
    return [(name, key) for name, key in rows]


def texts(connection: Connection, revision_key: int) -> Sequence[GraphChunk]:
    """The chunks of a revision in order."""
    rows = connection.execute(
        select(chunks.c.key, chunks.c.headings, chunks.c.text)
        .where(chunks.c.revision_key == revision_key)
        .order_by(chunks.c.ordinal)
    )
    return [GraphChunk(key, tuple(headings), text) for key, headings, text in rows]


def counts(connection: Connection, revision_key: int) -> GraphCounts:
    """What the revision gave to the graph."""
    owned = select(chunks.c.key).where(chunks.c.revision_key == revision_key)
    entities = connection.scalar(
        select(func.count(func.distinct(graph_mentions.c.node_key))).where(graph_mentions.c.chunk_key.in_(owned))
    )
    edges = connection.scalar(select(func.count()).select_from(graph_edges).where(graph_edges.c.chunk_key.in_(owned)))
    values = connection.scalar(
        select(func.count()).select_from(graph_values).where(graph_values.c.chunk_key.in_(owned))
    )
    return GraphCounts(entities or 0, edges or 0, values or 0)


def state(connection: Connection, revision_key: int) -> str | None:
    """How far the graph of a revision is: running, retrying, done, failed; None before it was begun."""
    return connection.scalar(select(graph_documents.c.state).where(graph_documents.c.revision_key == revision_key))


def names(connection: Connection, collection: str) -> Sequence[tuple[int, str, str, str, int]]:
    """Every name of every entity with a kind: the entity's key and normal form, the name, the kind, how often."""
    rows = connection.execute(
        select(
            graph_nodes.c.key,
            graph_nodes.c.normal,
            graph_mentions.c.name,
            graph_mentions.c.kind,
            func.sum(graph_mentions.c.times),
        )
        .join(graph_mentions, graph_mentions.c.node_key == graph_nodes.c.key)
        .where(graph_nodes.c.collection == collection)
        .group_by(graph_nodes.c.key, graph_nodes.c.normal, graph_mentions.c.name, graph_mentions.c.kind)
        .order_by(graph_nodes.c.key, graph_mentions.c.name, graph_mentions.c.kind)
    )
    return [(key, normal, name, kind, int(times)) for key, normal, name, kind, times in rows]


def edges(connection: Connection, collection: str) -> Sequence[tuple[int, int, str, int, int, int]]:
    """Source, target, relation, chunk and its offsets of every relation."""
    columns = [graph_edges.c[name] for name in ("source_key", "target_key", "relation", "chunk_key", "start", "end")]
    statement = select(*columns).join(graph_nodes, graph_nodes.c.key == graph_edges.c.source_key)
    statement = statement.where(graph_nodes.c.collection == collection).order_by(graph_edges.c.key)
    return [tuple(row) for row in connection.execute(statement)]


def values(connection: Connection, collection: str) -> Sequence[tuple[int, int, str, str, float | None, int, int, int]]:
    """Key, entity, name, value, number, chunk and its offsets of everything that is said of entities."""
    fields = ("key", "node_key", "name", "value", "number", "chunk_key", "start", "end")
    statement = select(*(graph_values.c[name] for name in fields))
    statement = statement.join(graph_nodes, graph_nodes.c.key == graph_values.c.node_key)
    statement = statement.where(graph_nodes.c.collection == collection).order_by(graph_values.c.key)
    return [tuple(row) for row in connection.execute(statement)]


def mentions(connection: Connection, collection: str) -> Sequence[tuple[int, int, int, int]]:
    """Entity, document (by key), chunk and times of every mention, in the order of chunks."""
    statement = (
        select(graph_mentions.c.node_key, documents.c.key, graph_mentions.c.chunk_key, graph_mentions.c.times)
        .join(graph_nodes, graph_nodes.c.key == graph_mentions.c.node_key)
        .join(chunks, chunks.c.key == graph_mentions.c.chunk_key)
        .join(documents, documents.c.active_revision == chunks.c.revision_key)
        .where(graph_nodes.c.collection == collection)
        .order_by(graph_mentions.c.chunk_key, graph_mentions.c.node_key)
    )
    return [tuple(row) for row in connection.execute(statement)]


def documents_of(connection: Connection, collection: str) -> Sequence[tuple[int, str, str]]:
    """Key, id and name of the documents whose graph is made."""
    statement = (
        select(documents.c.key, documents.c.id, documents.c.name)
        .join(graph_documents, graph_documents.c.revision_key == documents.c.active_revision)
        .where(documents.c.collection == collection)
        .order_by(documents.c.key)
    )
    return [tuple(row) for row in connection.execute(statement)]


def _settings(connection: Connection) -> Mapping[str, Json]:
    return {row.name: row.settings for row in connection.execute(select(collections.c.name, collections.c.settings))}


def _entity_keys(connection: Connection, collection: str, normals: Sequence[str]) -> Mapping[str, int]:
    """The keys of entities by normal form; those that are new are made."""
    found: dict[str, int] = {}
    for names in _pieces(normals):
        known = select(graph_nodes.c.normal, graph_nodes.c.key).where(
            graph_nodes.c.collection == collection, graph_nodes.c.normal.in_(names)
        )
        found |= {row.normal: row.key for row in connection.execute(known)}
        new = [{"collection": collection, "normal": name} for name in names if name not in found]
        if new:
            connection.execute(insert(graph_nodes), new)
            found |= {row.normal: row.key for row in connection.execute(known)}
    return found


def _pieces(items: Sequence[Json]) -> Iterator[Sequence[Json]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
