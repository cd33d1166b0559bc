"""What is known of tables beside their headers: the names that columns and values go by in a question.

A table's rows never change under its key, so a profile is made once and kept; the least used ones are let go. It is
only ever asked for by keys that the caller has just read from the catalogue, so that no deleted table speaks.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from retrieval.construction.sql_schema import SqlColumn, SqlTable
from retrieval.construction.words import stems
from retrieval.store import tables
from retrieval.types import Json

# Rows that are looked at for values; those of a longer table are found by their number columns and dates only.
_ROWS = 20_000
_BATCH = 5_000
_VALUES = 5_000  # distinct values of a column; beyond it they are texts, not names
_LONGEST_VALUE = 80  # characters
_KEPT_CELLS = 2_000_000  # values that all kept profiles together may hold

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueName:
    """A way of calling a value of a column."""

    column: SqlColumn
    value: str
    share: float  # of the value's words that this name has


@dataclass(frozen=True, slots=True)
class TableProfile:
    """The names of a table's values, and which columns tell its rows apart."""

    table: SqlTable
    values: Mapping[str, Sequence[tuple[Name, ValueName]]]  # by the first word of the name
    unique: frozenset[str]  # columns whose values all differ
    months: frozenset[str]  # columns of dates without a day
    has_cjk: bool  # whether any of its names is written in Chinese characters

    @property
    def naming(self) -> SqlColumn:
        """The column by which a person would call a row: the first text that tells rows apart, else the first text."""
        columns = self.table.columns
        texts = [column for column in columns if column.type == "text"]
        named = [column for column in texts if column.name in self.unique]
        return next(iter([*named, *texts, *columns]))


class TableProfiles:
    """Profiles by key of the table; safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, TableProfile] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: Connection, table: SqlTable) -> TableProfile:
        """The profile of a table that the catalogue has."""
        with self._lock:
            found = self._kept.get(table.key)
            if found is not None and found.table == table:
                self._kept.move_to_end(table.key)
                return found
        found = profile(table, _rows(connection, table))
        with self._lock:
            self._kept[table.key] = found
            while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > _KEPT_CELLS:
                self._kept.popitem(last=False)
        return found


def profile(table: SqlTable, rows: Sequence[Sequence[Json]]) -> TableProfile:
    """The profile of a table with these rows."""
    named: dict[str, list[tuple[Name, ValueName]]] = {}
    unique, months = set(), set()
    for column in table.columns:
        cells = [row[column.position] for row in rows if row[column.position] is not None]
        values = list(dict.fromkeys(cells))
        if len(values) == len(rows) and rows:
            unique.add(column.name)
        if column.type == "date" and all(len(value) == len("2025-03") for value in values):
            months.add(column.name)
        if column.type != "text" or len(values) > _VALUES:
            continue
        for value in values:
            if len(value) > _LONGEST_VALUE:
                continue
            for name, share in _names(value):
                named.setdefault(name[0], []).append((name, ValueName(column, value, share)))
    names = {*named, *(word for column in table.columns for word in stems(f"{column.header} {column.name}"))}
    return TableProfile(
        table, named, frozenset(unique), frozenset(months), any("\u3040" <= name[:1] <= "\u9fff" for name in names)
    )


def _size(kept: TableProfile) -> int:
    return sum(map(len, kept.values.values()))


def _rows(connection: Connection, table: SqlTable) -> Sequence[Sequence[Json]]:
    rows: list[Sequence[Json]] = []
    while len(rows) < min(_ROWS, table.row_count):
        batch = tables.rows_of(connection, table.key, _BATCH, len(rows) - 1)
        if not batch:
            break
        rows += batch
    return rows


def _names(value: str) -> Iterator[tuple[Name, float]]:
    """How people may call a value: as it stands, without what follows a comma or bracket, without its first word."""
    whole = stems(value)
    if not whole:
        return
    seen = {whole}
    yield whole, 1.0
    for part in value.replace("(", ",").replace(":", ",").replace("（", ",").split(","):
        shorter = stems(part)
        if shorter and shorter not in seen and len("".join(shorter)) > 2:
            seen.add(shorter)
            yield shorter, len(shorter) / len(whole)
            break  # the head alone: what stands in brackets rarely names anything
    if len(whole) >= 3 and whole[1:] not in seen:
        yield whole[1:], (len(whole) - 1) / len(whole)
