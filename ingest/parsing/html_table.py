"""Reads an HTML table as rows of text, spans resolved; tells tables of data from tables that lay out a page."""

from selectolax.lexbor import LexborNode

from ingest.parsing.html_tree import events, flat_text
from ingest.parsing.table_spans import Pending, fill_from_above

_LARGEST_SPAN = 1_000  # the limit of the HTML standard for colspan; a bound on what one attribute can cost
_LARGEST_ROW = 10_000  # cells, spans resolved
_SELDOM_IN_DATA = frozenset(("table", "h1", "h2", "h3", "h4", "h5", "h6", "pre"))  # but in tables that lay out a page
_MOST_RICH = 100  # of these in one table of data; also a bound on what tables within tables can cost
_LONGEST_RICH_CELL = 300  # characters of a cell in a table with such content; a column of a page is longer


def table_rows(table: LexborNode) -> list[list[str]]:
    """The rows of a table of data; empty for one that only lays out other content.

    A cell that spans rows is repeated in each, so that every row can be read by itself; one that spans columns stands
    in the first. Columns without any text, such as those of icons, are left out.
    """
    row_nodes, is_rich = _own_rows(table)
    rows: list[list[str]] = []
    pending: Pending = {}
    for row_node in row_nodes:
        rows.append(_row(row_node, pending))
    filled = sorted({column for row in rows for column, cell in enumerate(row) if cell})
    if len(filled) < 2 or (is_rich and not _is_data(rows)):
        return []
    return [[row[column] if column < len(row) else "" for column in filled] for row in rows]


def _own_rows(table: LexborNode) -> tuple[list[LexborNode], bool]:
    """The rows of the table itself, and whether it holds headings, program text or tables; no rows for too many."""
    rows: list[LexborNode] = []
    inner_tables = rich = 0
    for node, entering in events(table):
        tag = node.tag or ""
        inner_tables += (entering - (not entering)) * (tag == "table")
        rich += entering and tag in _SELDOM_IN_DATA
        if rich > _MOST_RICH:
            return [], True
        if entering and tag == "tr" and not inner_tables:
            rows.append(node)
    return rows, rich > 0


def _is_data(rows: list[list[str]]) -> bool:
    """Whether a table is one of data for all that its cells hold: several rows of several short cells."""
    is_grid = sum(sum(map(bool, row)) > 1 for row in rows) > 1
    return is_grid and all(len(cell) <= _LONGEST_RICH_CELL for row in rows for cell in row)


def _row(row_node: LexborNode, pending: Pending) -> list[str]:
    """The cells of one row; takes from `pending` what reaches into it, and puts there what reaches below it."""
    row: list[str] = []
    for cell in row_node.iter():
        if cell.tag not in ("td", "th"):
            continue
        fill_from_above(row, pending)
        text = flat_text(cell)
        down, across = _span(cell, "rowspan"), _span(cell, "colspan")
        if down > 1:
            pending[len(row)] = (down - 1, text)
        row += [text] + [""] * (across - 1)
        if len(row) > _LARGEST_ROW:
            break
    fill_from_above(row, pending)
    return row


def _span(cell: LexborNode, attribute: str) -> int:
    """The value of rowspan or colspan, at least 1 and bounded."""
    value = cell.attributes.get(attribute) or ""
    return min(max(int(value), 1), _LARGEST_SPAN) if value.isascii() and value.isdigit() else 1
