"""Tables as SQL sees them: a name each that is unique among them, and columns with a type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.store.tables import CollectionTable
from retrieval.types import Json

_SQL_TYPES = {"integer": "INTEGER", "boolean": "INTEGER", "text": "TEXT", "date": "TEXT"}
NUMERIC = frozenset({"integer", "real", "percentage", "quantity"})


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column; `position` counts the cells of a row."""

    name: str
    header: str
    type: str  # one of ingest's column types
    unit: str | None
    position: int

    @property
    def sql_type(self) -> str:
        """Its type in SQLite."""
        return _SQL_TYPES.get(self.type, "REAL")

    @property
    def is_numeric(self) -> bool:
        """Whether its values can be added and compared as numbers."""
        return self.type in NUMERIC


@dataclass(frozen=True, slots=True)
class SqlTable:
    """A table of a document under the name that statements call it by."""

    name: str
    key: int
    title: str
    document_id: str
    document: str
    columns: tuple[SqlColumn, ...]
    row_count: int

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return self.row_count * len(self.columns)

    def column(self, name: str) -> SqlColumn | None:
        """The column of that name in any case; None if there is none."""
        return next((column for column in self.columns if column.name.casefold() == name.casefold()), None)


def named(tables: Sequence[CollectionTable]) -> Sequence[SqlTable]:
    """The tables under unique names: a name that several documents use gets a number from the second on."""
    taken: set[str] = set()
    found = []
    for table in tables:
        name, number = table.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{table.name}_{number}"
        taken.add(name.casefold())
        columns = tuple(_column(column, position) for position, column in enumerate(table.columns))
        found.append(
            SqlTable(name, table.key, table.title, table.document_id, table.document, columns, table.row_count)
        )
    return found


def _column(column: Mapping[str, Json], position: int) -> SqlColumn:
    return SqlColumn(column["name"], column["header"], column["type"], column["unit"], position)
