"""A row of a table as a reader can take it in without the table: each cell after the name of its column."""

import re
from collections.abc import Sequence

from generation.prompts import Wording
from retrieval.table_text import cells_of, head_of

# Two columns are mostly names and values, whose first row names nothing; of more the first row is nearly always a head.
_FEWEST_COLUMNS = 3
# A cell that is a figure: then its row holds data. Years and quarters do name columns.
_FIGURE = re.compile(r"(?!(?:19|20)\d\d$)[-+£$€¥]?\s?\d[\d.,:/ -]*\s?(?:%|\w+)?")


def with_columns(passage: str, start: int, end: int, headings: Sequence[str], wording: Wording) -> str:
    """The stretch [start, end) of a passage; where it is a row of a table, with the names of the columns."""
    text = passage[start:end]
    cells, columns = cells_of(text), cells_of(head_of(passage, start, headings))
    if len(cells) != len(columns) or not _is_head(columns) or cells == columns:
        return text
    named = [
        wording.cell.format(column=column, cell=cell) if column else cell
        for column, cell in zip(columns, cells, strict=True)
        if cell
    ]
    return wording.between_cells.join(named)


def _is_head(cells: Sequence[str]) -> bool:
    """Whether a row names columns: each by another name, and none by a figure."""
    return (
        len(cells) >= _FEWEST_COLUMNS
        and len(set(cells)) == len(cells)
        and all(cells[1:])
        and not any(_FIGURE.fullmatch(cell) for cell in cells)
    )
