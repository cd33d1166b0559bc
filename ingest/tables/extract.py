"""Typed tables of a parsed document: `typed_tables` is the whole of it. Stores nothing."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TypeVar

from ingest.parsing.types import ParsedDocument
from ingest.tables.columns import Customs, observe, type_cells
from ingest.tables.dates import read_dates
from ingest.tables.names import identifiers
from ingest.tables.numbers import read_numbers
from ingest.tables.rows import RawTable, raw_tables
from ingest.tables.types import Column, TypedTable
from retrieval.table_text import CELL_SEPARATOR

MAX_CELLS = 4_000_000
_EXAMPLES = 3
_YEAR = re.compile("(?:19|20)[0-9]{2}")
_Custom = TypeVar("_Custom", bound=Hashable)


def with_tables(document: ParsedDocument, max_cells: int = MAX_CELLS) -> ParsedDocument:
    """The document with its typed tables; without them, and saying so, where they would take too much memory."""
    if not any(block.kind == "table" for block in document.blocks):
        return document
    if document.text.count(CELL_SEPARATOR) >= max_cells:
        warning = (
            f"The tables hold more than {max_cells:,} cells: they are found as text, but are not kept as tables. "
            "Split the file if its tables are to be counted and compared."
        )
        return replace(document, warnings=(*document.warnings, warning))
    return replace(document, tables=tuple(typed_tables(document)))


def typed_tables(document: ParsedDocument) -> Sequence[TypedTable]:
    """The tables of the document, every row of them, each column with the type that all of its cells have."""
    tables = [_with_header(table) for table in raw_tables(document)]
    columns = [_columns(table) for table in tables]
    observed = [[observe(cells) for cells in of_table] for of_table in columns]
    everywhere = _usual(seen for of_table in observed for seen in of_table)
    return [
        _typed(table, cells, _usual(seen, everywhere))
        for table, cells, seen in zip(tables, columns, observed, strict=True)
    ]


def _with_header(table: RawTable) -> RawTable:
    """The table, whose first line is a row and no header where it holds numbers and dates only.

    Years are what people write above columns, and so is nothing above the first one.
    """
    first = table.header
    if all(_YEAR.fullmatch(cell) for cell in first):
        return table
    if not all(read_numbers([cell], None) or read_dates([cell], None) for cell in first):
        return table
    return RawTable(table.title, [""] * len(first), [first, *table.rows])


def _columns(table: RawTable) -> Sequence[Sequence[str]]:
    """The cells by column, empty where a row is too short; rows that are too long make columns without a header."""
    # the header sets the least number of columns, also where there is no row
    by_column = zip_longest(table.header, *table.rows, fillvalue="")
    return [cells[1:] for cells in by_column]


def _typed(table: RawTable, columns: Sequence[Sequence[str]], customs: Customs) -> TypedTable:
    headers = [*table.header, *[""] * (len(columns) - len(table.header))]
    typed = [type_cells(header, cells, customs) for header, cells in zip(headers, columns, strict=True)]
    described = tuple(
        Column(column_name, header, column.type, column.unit, _examples(cells))
        for column_name, header, column, cells in zip(
            identifiers(headers, "column"), headers, typed, columns, strict=True
        )
    )
    return TypedTable(table.title, described, list(zip(*[column.values for column in typed], strict=True)))


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
