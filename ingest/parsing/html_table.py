"""Reads an HTML table as rows of text, spans resolved; tells tables of data from tables that lay out a page."""

from selectolax.lexbor import LexborNode

from ingest.parsing.html_tree import flat_text

_LARGEST_SPAN = 1_000  # the limit of the HTML standard for colspan; a bound on what one attribute can cost
_LARGEST_ROW = 10_000  # cells, spans resolved
_NOT_IN_DATA = "table, h1, h2, h3, h4, h5, h6, pre"


def table_rows(table: LexborNode) -> list[list[str]]:
    """The rows of a table of data; empty for one that only lays out other content.

    A cell that spans rows is repeated in each, so that every row can be read by itself; one that spans columns stands
    in the first. Columns without any text, such as those of icons, are left out.
    """
    row_nodes = table.css("tr")
    if not row_nodes or any(node.mem_id != table.mem_id for node in table.css(_NOT_IN_DATA)):
        return []
    rows: list[list[str]] = []
    pending: dict[int, tuple[int, str]] = {}  # column -> (rows still to fill, text) of the cells that span rows
    for row_node in row_nodes:
        rows.append(_row(row_node, pending))
    filled = sorted({column for row in rows for column, cell in enumerate(row) if cell})
    if len(filled) < 2:
        return []
    return [[row[column] if column < len(row) else "" for column in filled] for row in rows]


def _row(row_node: LexborNode, pending: dict[int, tuple[int, str]]) -> list[str]:
    """The cells of one row; takes from `pending` what reaches into it, and puts there what reaches below it."""
    row: list[str] = []
    for cell in row_node.css("td, th"):
        _fill_from_above(row, pending)
        text = flat_text(cell)
        down, across = _span(cell, "rowspan"), _span(cell, "colspan")
        if down > 1:
            pending[len(row)] = (down - 1, text)
        row += [text] + [""] * (across - 1)
        if len(row) > _LARGEST_ROW:
            break
    _fill_from_above(row, pending)
    return row


def _fill_from_above(row: list[str], pending: dict[int, tuple[int, str]]) -> None:
    """Adds the cells that reach into this row from rows above, at the row's present end."""
    while len(row) in pending:
        rows_left, text = pending.pop(len(row))
        if rows_left > 1:
            pending[len(row)] = (rows_left - 1, text)
        row.append(text)


def _span(cell: LexborNode, attribute: str) -> int:
    """The value of rowspan or colspan, at least 1 and bounded."""
    value = cell.attributes.get(attribute) or ""
    return min(max(int(value), 1), _LARGEST_SPAN) if value.isascii() and value.isdigit() else 1
