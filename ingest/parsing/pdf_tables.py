"""Finds tables among the lines of a PDF page by how their cells stand below each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.parsing.pdf_lines import Cell, Line, split_columns

_LARGEST_GAP = 2.0  # line heights between two rows of one table
_LONE_LINES = 2  # lines of one cell in a row that a table may hold: wrapped labels, section names
_PROSE_CELL = 28  # characters; half the lines of a column of text are longer, seldom so in each column of a table
_PROSE_COLUMNS = 3
_DEEPEST_HEADER = 5  # lines
_FULL_ROW = 0.75  # of the cells of the fullest row: rows this full show where the columns are


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, each cell under its column, and the lines that it was read from."""

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[Line, ...]


def separate_tables(lines: Sequence[Line]) -> list[Line | Table]:
    """The lines of a page with those that form a table put together; all other lines come out with one cell."""
    parts: list[Line | Table] = []
    position = 0
    while position < len(lines):
        end = _table_end(lines, position)
        region = lines[position:end]
        if len(region) < 2:
            parts.append(_as_one_cell(lines[position]))
            position += 1
            continue
        if _is_prose(region):
            parts += [line for column in split_columns(region) for line in column]
        else:
            parts.append(Table(_rows(region), tuple(region)))
        position = end
    return parts


def _table_end(lines: Sequence[Line], start: int) -> int:
    """The position after the last row of the table that begins at `start`; `start` itself where none does."""
    if len(lines[start].cells) < 2:
        return start
    end = start + 1
    lone = 0
    for position in range(start + 1, len(lines)):
        above, line = lines[position - 1], lines[position]
        gap = above.bottom - line.top
        if not -(line.top - line.bottom) < gap < _LARGEST_GAP * (line.top - line.bottom):
            break
        if len(line.cells) > 1:
            lone = 0
            end = position + 1
        else:
            lone += 1
            if lone > _LONE_LINES or line.right - line.left > 0.7 * _width(lines[start:end]):
                break
    return end if end - start > 1 else start


def _is_prose(region: Sequence[Line]) -> bool:
    """Whether the lines are columns of running text, drawn line by line across the page."""
    rows = [line.cells for line in region if len(line.cells) > 1]
    count = len(rows[0])
    if len(rows) <= _PROSE_COLUMNS or count > _PROSE_COLUMNS or any(len(row) != count for row in rows):
        return False
    columns = zip(*rows, strict=True)
    return all(2 * sum(len(cell.text) > _PROSE_CELL for cell in column) >= len(rows) for column in columns)


def _rows(region: Sequence[Line]) -> tuple[tuple[str, ...], ...]:
    """The cells of each line under the columns of the region, the lines of its header taken together."""
    columns = _columns(region)
    rows: list[list[str]] = []
    for line in region:
        row = [""] * len(columns)
        for part in line.parts:
            index = _nearest(part, columns)
            row[index] = f"{row[index]} {part.text}".strip()
        rows.append(row)
    is_header = [not row[0] and len(line.parts) > 1 for line, row in zip(region, rows, strict=True)]
    depth = is_header.index(False) if False in is_header else 0
    if 0 < depth <= _DEEPEST_HEADER:
        above = [_spread(line, row, columns) for line, row in zip(region[:depth], rows[:depth], strict=True)]
        rows[:depth] = [[" ".join(filter(None, cells)) for cells in zip(*above, strict=True)]]
    return tuple(zip(*_merged_columns(list(zip(*rows, strict=True))), strict=True))


def _merged_columns(columns: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The columns with neighbours joined that no row fills both: a title beside the figures that stand under it."""
    merged = columns[:1]
    for column in columns[1:]:
        if any(left and right for left, right in zip(merged[-1], column, strict=True)):
            merged.append(column)
        else:
            merged[-1] = tuple(left or right for left, right in zip(merged[-1], column, strict=True))
    return merged


def _spread(line: Line, row: list[str], columns: Sequence[tuple[float, float]]) -> list[str]:
    """A header line whose cells each stand over the same number of columns, written over every one of them."""
    width = len(columns) - 1  # the first column holds the labels of the rows
    count = len(line.parts)
    if row[0] or count < 2 or count == width or width % count:
        return row
    parts = sorted(line.parts, key=lambda part: part.left)
    return ["", *(parts[index * count // width].text for index in range(width))]


def _columns(region: Sequence[Line]) -> list[tuple[float, float]]:
    """Where the columns begin and end: the cells of the fullest rows, those that overlap taken together."""
    most = max(len(line.parts) for line in region)
    spans = sorted(
        (part.left, part.right) for line in region if len(line.parts) >= _FULL_ROW * most for part in line.parts
    )
    columns = [spans[0]]
    for left, right in spans[1:]:
        if left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _nearest(cell: Cell, columns: list[tuple[float, float]]) -> int:
    """The column that the cell overlaps most, else the one whose middle is nearest."""

    def closeness(index: int) -> tuple[float, float]:
        left, right = columns[index]
        shared = min(cell.right, right) - max(cell.left, left)
        return max(shared, 0.0), -abs((cell.left + cell.right) - (left + right))

    return max(range(len(columns)), key=closeness)


def _as_one_cell(line: Line) -> Line:
    """A line outside of tables, its cells joined."""
    if len(line.cells) == 1:
        return line
    return replace(line, cells=(Cell(line.text, line.left, line.right),))


def _width(lines: Sequence[Line]) -> float:
    return max(line.right for line in lines) - min(line.left for line in lines)


def typical_leading(lines: Sequence[Line]) -> float:
    """The usual distance from one line to the next on a page, in units of the font size; 1.2 where it has few lines."""
    distances = sorted(
        (above.bottom - below.bottom) / max(below.size, 1.0)
        for above, below in pairwise(lines)
        if 0.5 * below.size < above.bottom - below.bottom < 3 * below.size
    )
    return distances[len(distances) // 2] if len(distances) > 3 else 1.2
