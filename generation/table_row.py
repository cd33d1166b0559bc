"""A row of a table as a reader can take it in without the table: each cell after the name of its column."""

import re
from collections.abc import Sequence

from generation.prompts import Wording
from generation.reader_input import CELLS

# Two columns are mostly names and values, whose first row names nothing; of more the first row is nearly always a head.
_FEWEST_COLUMNS = 3
# A cell that is a figure: then its row holds data. Years and quarters do name columns.
_FIGURE = re.compile(r"(?!(?:19|20)\d\d$)[-+£$€¥]?\s?\d[\d.,:/ -]*\s?(?:%|\w+)?")


def with_columns(passage: str, start: int, end: int, headings: Sequence[str], wording: Wording) -> str:
    """The stretch [start, end) of a passage; where it is a row of a table, with the names of the columns."""
    text = passage[start:end]
    cells, columns = text.split(CELLS), head_of(passage, start, headings).split(CELLS)
    if len(cells) != len(columns) or not _is_head(columns) or cells == columns:
        return text
    named = [
        wording.cell.format(column=column, cell=cell) if column.strip() else cell
        for column, cell in zip(columns, cells, strict=True)
        if cell.strip()
    ]
    return wording.between_cells.join(named)


def head_of(passage: str, start: int, headings: Sequence[str]) -> str:
    """The first row of the table that holds `start`: a table that goes on has it as the passage's innermost heading."""
    above = passage[:start].split("\n")[:-1]
    first = passage[start:].split("\n", 1)[0]
    while above and CELLS in above[-1]:
        first = above.pop()
    if not above and headings and CELLS in headings[-1]:
        return headings[-1]
    return first


def _is_head(cells: Sequence[str]) -> bool:
    """Whether a row names columns: each by another name, and none by a figure."""
    names = [cell.strip() for cell in cells]
    return (
        len(names) >= _FEWEST_COLUMNS
        and len(set(names)) == len(names)
        and all(names[1:])
        and not any(_FIGURE.fullmatch(name) for name in names)
    )
