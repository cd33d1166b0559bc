"""Reads a Word table as rows of text, merged cells resolved."""

from collections.abc import Callable

from docx.oxml.xmlchemy import BaseOxmlElement as XmlElement

from ingest.parsing.docx_text import W, paragraph_text

_MOST_COLUMNS = 1_000  # Word allows 63


def table_cells(table: XmlElement) -> list[list[XmlElement]]:
    """The `w:tc` elements of each row, without those of tables inside cells."""
    rows: list[list[XmlElement]] = []
    for row in table.iter(f"{W}tr"):
        if next(row.iterancestors(f"{W}tbl")) is table:
            rows.append([cell for cell in row.iter(f"{W}tc") if next(cell.iterancestors(f"{W}tr")) is row])
    return rows


def table_rows(table: XmlElement, read: Callable[[XmlElement], str] = paragraph_text) -> list[list[str]]:
    """The rows of a table as text; `read` gives that of one paragraph.

    A cell merged over rows is repeated in each, so that every row can be read by itself; one merged over columns
    stands in the first.
    """
    rows: list[list[str]] = []
    for cells in table_cells(table):
        row = [""] * _skipped_columns(cells)
        above = rows[-1] if rows else []
        for cell in cells:
            text = " ".join(map(read, cell.iter(f"{W}p")))
            if _continues(cell):
                text = above[len(row)] if len(row) < len(above) else ""
            row += [text] + [""] * (_columns(cell) - 1)
        rows.append(row[:_MOST_COLUMNS])
    return rows


def _continues(cell: XmlElement) -> bool:
    """Whether the cell is the lower part of one merged over rows."""
    merge = cell.find(f"{W}tcPr/{W}vMerge")
    return merge is not None and merge.get(f"{W}val", "continue") == "continue"


def _columns(cell: XmlElement) -> int:
    """How many columns the cell covers."""
    return max(_count(cell.find(f"{W}tcPr/{W}gridSpan")), 1)


def _skipped_columns(cells: list[XmlElement]) -> int:
    """How many columns a row leaves out before its first cell."""
    return _count(next(cells[0].iterancestors(f"{W}tr")).find(f"{W}trPr/{W}gridBefore")) if cells else 0


def _count(element: XmlElement | None) -> int:
    """The number of columns that an element states, bounded; 0 where it states none."""
    value = "" if element is None else element.get(f"{W}val", "")
    return min(int(value), _MOST_COLUMNS) if value.isascii() and value.isdigit() and len(value) < 7 else 0
