"""Finds where rows and tables stand in the text of their document, so that what SQL gives can be looked up there.

Typed values are not the text ("1,377" is 1377), so a row is known by its cells of text, which are kept as they stand,
and by the digits of its numbers. Parsers write a row as one line with `|` between its cells.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from retrieval.construction.sql_schema import SqlColumn, SqlTable
from retrieval.store import tables
from retrieval.types import Json

_SEPARATOR = "|"
_NO_DIGIT = re.compile(r"\D")
# Lines with a row's longest text that are looked at: beyond them it stands in every row.
_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a document's text."""

    start: int
    end: int


def place_of_row(text: str, table: SqlTable, cells: Sequence[Json]) -> Place | None:
    """The line of the row; None where no line, or none that can be told from others, has its cells."""
    written = [(column, cells[column.position]) for column in table.columns if cells[column.position] is not None]
    words = [str(value) for column, value in written if column.type == "text"]
    if not words:
        return None
    found = [
        line
        for line in _lines_with(text, max(words, key=len))
        if _agree(text[line.start : line.end].split(_SEPARATOR), written)
    ]
    return found[0] if found else None


def place_of_table(connection: Connection, text: str, table: SqlTable) -> Place | None:
    """From the first row, and the header right above it, to the last row; None where no end of it can be found."""
    first, last = (
        next((place_of_row(text, table, row) for row in tables.rows_of(connection, table.key, 1, ordinal - 1)), None)
        for ordinal in (0, table.row_count - 1)
    )
    header = place_of_header(text, table)
    if first is not None and header is not None and header.end + 1 == first.start:
        first = header
    ends = [place for place in (first or header, last) if place is not None]
    return Place(min(place.start for place in ends), max(place.end for place in ends)) if ends else None


def place_of_header(text: str, table: SqlTable) -> Place | None:
    """The line of the column names."""
    names = [column.header for column in table.columns if column.header]
    if not names:
        return None
    wanted = [column.header.strip() for column in table.columns]
    for line in _lines_with(text, max(names, key=len)):
        cells = [cell.strip() for cell in text[line.start : line.end].split(_SEPARATOR)]
        if cells[: len(wanted)] == wanted:
            return line
    return None


def _lines_with(text: str, words: str) -> Iterator[Place]:
    """The lines that hold the words, in order."""
    position = text.find(words)
    for _ in range(_LINES):
        if position < 0:
            return
        start = text.rfind("\n", 0, position) + 1
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        yield Place(start, end)
        position = text.find(words, end)


def _agree(line: Sequence[str], written: Sequence[tuple[SqlColumn, Json]]) -> bool:
    """Whether the line's cells are those of the row."""
    if max(column.position for column, _ in written) >= len(line):
        return False
    return all(_agrees(line[column.position].strip(), column, value) for column, value in written)


def _agrees(cell: str, column: SqlColumn, value: Json) -> bool:
    if column.type == "text":
        return cell == str(value)
    if not column.is_numeric:
        return True  # dates and truth values are written in too many ways
    return _NO_DIGIT.sub("", f"{value:.12g}") in _NO_DIGIT.sub("", cell)
