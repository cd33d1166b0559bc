"""Typed tables of a parsed document: `typed_tables` is the whole of it. Stores nothing."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import zip_longest
from typing import TypeVar

from ingest.parsing.types import ParsedDocument
from ingest.tables.columns import Customs, observe, type_cells
from ingest.tables.names import identifiers
from ingest.tables.rows import RawTable, raw_tables
from ingest.tables.types import Column, TypedTable

_EXAMPLES = 3
_Custom = TypeVar("_Custom", bound=Hashable)


def typed_tables(document: ParsedDocument, document_name: str) -> Sequence[TypedTable]:
    """The tables of the document, every row of them, each column with the type that all of its cells have."""
    tables = raw_tables(document, document_name)
    columns = [_columns(table) for table in tables]
    observed = [[observe(cells) for cells in of_table] for of_table in columns]
    everywhere = _usual(seen for of_table in observed for seen in of_table)
    names = identifiers([table.title for table in tables], "table")
    return [
        _typed(table, name, cells, _usual(seen, everywhere))
        for table, name, cells, seen in zip(tables, names, columns, observed, strict=True)
    ]


def _columns(table: RawTable) -> Sequence[Sequence[str]]:
    """The cells by column, empty where a row is too short; rows that are too long make columns without a header."""
    # the header sets the least number of columns, also where there is no row
    by_column = zip_longest(table.header, *table.rows, fillvalue="")
    return [cells[1:] for cells in by_column]


def _typed(table: RawTable, name: str, columns: Sequence[Sequence[str]], customs: Customs) -> TypedTable:
    headers = [*table.header, *[""] * (len(columns) - len(table.header))]
    typed = [type_cells(header, cells, customs) for header, cells in zip(headers, columns, strict=True)]
    described = tuple(
        Column(column_name, header, column.type, column.unit, _examples(cells))
        for column_name, header, column, cells in zip(
            identifiers(headers, "column"), headers, typed, columns, strict=True
        )
    )
    return TypedTable(name, table.title, described, list(zip(*[column.values for column in typed], strict=True)))


def _examples(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple([cell for cell in dict.fromkeys(cells) if cell][:_EXAMPLES])


def _usual(observed: Iterable[Customs], otherwise: Customs | None = None) -> Customs:
    """The customs that most columns show; where none shows any, those otherwise."""
    seen = list(observed)
    otherwise = otherwise or Customs()
    return Customs(
        _commonest([customs.numbers for customs in seen]) or otherwise.numbers,
        _commonest([customs.dates for customs in seen]) or otherwise.dates,
    )


def _commonest(values: Sequence[_Custom | None]) -> _Custom | None:
    counted = Counter(value for value in values if value is not None)
    return counted.most_common(1)[0][0] if counted else None
