"""How a table stands in a document's text: a line a row, the first one naming the columns, bars between the cells."""

from collections.abc import Sequence

CELL_SEPARATOR = " | "


def cells_of(line: str) -> Sequence[str]:
    """The cells of a row, whose empty cells at its ends have lost their space."""
    return [cell.strip() for cell in f" {line} ".split(CELL_SEPARATOR)]


def head_of(passage: str, start: int, headings: Sequence[str]) -> str:
    """The first row of the table whose row begins at `start`; empty where no row does.

    A table that goes on has its first row as the innermost of the passage's headings.
    """
    first = passage[start:].split("\n", 1)[0]
    if CELL_SEPARATOR not in first:
        return ""
    above = passage[:start].split("\n")[:-1]
    while above and CELL_SEPARATOR in above[-1]:
        first = above.pop()
    if not above and headings and CELL_SEPARATOR in headings[-1]:
        return headings[-1]
    return first
