"""The graph of a collection as a file that the graph engine reads, made from the database whenever that has changed.

A file is named after its collection and the number of the last change to the graph; it is written aside and renamed, is
never changed, and nothing is lost with it. The engine's file format is of no concern to anybody else.
"""

import hashlib
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from sqlalchemy import Connection

from retrieval.graph import engine
from retrieval.graph.names import normal_name
from retrieval.graph.resolution import Entity, Named, resolve
from retrieval.graph.types import IS_A, Kind
from retrieval.store import changes, collections, graph
from retrieval.store.database import Database

_SUFFIX = ".graph"
_ASIDE = ".making-"
_ABANDONED_SECONDS = 3600.0
# Titles of fewer characters are words of any text.
_SHORTEST_TITLE = 6
Row = Sequence[str | int | float | None]


@dataclass(frozen=True, slots=True)
class Projection:
    """A graph that was laid out, and what questions are linked to."""

    path: Path
    number: int  # of the change up to which it is current
    entities: Mapping[int, Entity]
    documents: Sequence[tuple[int, str]]  # key and name
    relations: frozenset[str]  # that hold between entities
    value_names: frozenset[str]  # of what is said of them
    categories: frozenset[str]  # what tables call them


class GraphProjections:
    """Holds the newest projection of each collection that was asked about; the files lie in the folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._current: dict[str, Projection] = {}
        self._lock = threading.Lock()

    def of(self, collection: str) -> Projection:
        """The graph of the collection as the database has it now. Raises `NotFound` and `TooLarge`."""
        with self._lock, self._database.read() as connection:
            collections.get(connection, collection)
            number = changes.latest_of_graph(connection, collection)
            known = self._current.get(collection)
            if known is None or known.number != number or not known.path.exists():
                known = self._current[collection] = self._make(connection, collection, number)
            return known

    def sweep(self) -> int:
        """Removes the files that are out of date or whose collection is gone; gives their number."""
        with self._lock, self._database.read() as connection:
            names = _all_names(connection)
            wanted = {_file_name(name, changes.latest_of_graph(connection, name)) for name in names}
        removed = 0
        for path in self._folder.glob(f"{_ASIDE}*"):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:  # whoever made it is dead
                shutil.rmtree(path, ignore_errors=True)
        for path in self._folder.glob(f"*{_SUFFIX}*") if self._folder.exists() else ():
            if path.name.partition(_SUFFIX)[0] + _SUFFIX not in wanted:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _make(self, connection: Connection, collection: str, number: int) -> Projection:
        """Lays the graph out, unless its file is there already, and drops the one before."""
        path = self._folder / _file_name(collection, number)
        laid = _Layout.read(connection, collection)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=self._folder))
            try:
                laid.write(aside)
                engine.build(aside, aside / "built")
                (aside / "built").rename(path)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        for other in self._folder.glob(f"{_prefix(collection)}-*{_SUFFIX}*"):
            if other != path:
                with suppress(FileNotFoundError):
                    other.unlink()
        documents = [(int(key or 0), str(name)) for key, _, name in laid.tables["Document"]]
        return Projection(path, number, laid.entities, documents, laid.relations, laid.value_names, laid.categories)


@dataclass(frozen=True, slots=True)
class _Layout:
    """The rows of the engine's tables."""

    entities: Mapping[int, Entity]
    relations: frozenset[str]
    value_names: frozenset[str]
    categories: frozenset[str]
    tables: Mapping[str, Sequence[Row]]

    @staticmethod
    def read(connection: Connection, collection: str) -> "_Layout":
        """What the database has of the collection's graph, with entities that are one joined."""
        named = [Named(*row) for row in graph.names(connection, collection)]
        entities, part_of = resolve(named)
        by_key = {item.key: item for item in entities}
        edges: dict[tuple[int, int, str, int], Row] = {}
        for source, target, relation, chunk, start, end in graph.edges(connection, collection):
            first, second = part_of[source], part_of[target]
            if first != second:
                edges.setdefault((first, second, relation, chunk), (first, second, relation, chunk, start, end))
        values = list(graph.values(connection, collection))
        found_in, documents = _occurrences(connection, collection, part_of)
        references = _references(by_key.values(), found_in, documents)
        tables: dict[str, Sequence[Row]] = {
            "Entity": [(item.key, item.name, item.kind, "; ".join(item.aliases)) for item in entities],
            "Document": [(key, document_id, name) for key, document_id, name in documents],
            "Value": [(key, value, number) for key, _, _, value, number, *_ in values],
            "RELATED": list(edges.values()),
            "HAS": [
                (part_of[node], key, name, chunk, start, end) for key, node, name, _, _, chunk, start, end in values
            ],
            "MENTIONED_IN": [(entity, document, *rest) for (entity, document), rest in found_in.items()],
            "REFERS_TO": references,
        }
        return _Layout(
            by_key,
            frozenset(relation for _, _, relation, _ in edges),
            frozenset(name for _, _, name, *_ in values if name != IS_A),
            frozenset(value for _, _, name, value, *_ in values if name == IS_A),
            tables,
        )

    def write(self, folder: Path) -> None:
        """Writes each table as a CSV file."""
        for name, rows in self.tables.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                file.writelines(",".join(map(_cell, row)) + "\n" for row in rows)


def _occurrences(
    connection: Connection, collection: str, part_of: Mapping[int, int]
) -> tuple[Mapping[tuple[int, int], tuple[int, int]], Sequence[tuple[int, str, str]]]:
    """How often each document mentions each entity, and in which chunk first; and the documents."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    documents = graph.documents_of(connection, collection)
    for node, document, chunk, times in graph.mentions(connection, collection):
        key = part_of[node], document
        before, first = found.get(key, (0, chunk))
        found[key] = before + times, min(first, chunk)
    return found, documents


def _references(
    entities: Iterable[Entity],
    found_in: Mapping[tuple[int, int], tuple[int, int]],
    documents: Sequence[tuple[int, str, str]],
) -> Sequence[Row]:
    """Documents that name other documents: by file name, or by a title in which no word is left out."""
    titles: dict[str, set[int]] = defaultdict(set)
    for key, _, name in documents:
        for title in {normal_name(name), normal_name(PurePath(name).stem.replace("-", " ").replace("_", " "))}:
            if len(title) >= _SHORTEST_TITLE or any("\u3400" <= letter <= "\u9fff" for letter in title):
                titles[title].add(key)
    named = {
        entity.key: targets
        for entity in entities
        if (targets := set().union(*(titles.get(title, set()) for title in _titles_of(entity))))
    }
    return sorted(
        {
            (source, target, chunk, 0, 0)
            for (entity, source), (_, chunk) in found_in.items()
            for target in named.get(entity, ())
            if target != source
        }
    )


def _titles_of(entity: Entity) -> Iterator[str]:
    kinds: tuple[Kind, ...] = ("document", "term", "thing", "product")
    if entity.kind in kinds:
        for name in (entity.name, *entity.aliases):
            yield normal_name(name)
            yield normal_name(PurePath(name).stem.replace("-", " ").replace("_", " "))


def _cell(value: str | float | None) -> str:
    """A value as CSV has it; nothing for none, numbers as they are."""
    if value is None:
        return ""
    if isinstance(value, str):
        doubled = value.replace("\x00", " ").replace('"', '""')
        return f'"{doubled}"'
    return repr(value)


def _all_names(connection: Connection) -> Sequence[str]:
    names: list[str] = []
    while page := collections.list_page(connection, 1_000, names[-1] if names else None):
        names += [item.name for item in page]
    return names


def _prefix(collection: str) -> str:
    """A collection's name has letters of any script; a file's only plain ones."""
    return hashlib.sha256(collection.encode()).hexdigest()[:24]


def _file_name(collection: str, number: int) -> str:
    return f"{_prefix(collection)}-{number}{_SUFFIX}"
