"""Joins the lines of a table row in which some cells have two lines and others one, set halfway between the two.

Such a row is drawn at three heights, none of which is that of another line. Rows with more lines are left as they are:
the middle one of three stands at the height of the others' text and is read with it.
"""

from collections.abc import Sequence
from dataclasses import replace

from ingest.parsing.joining import join_lines
from ingest.parsing.pdf_lines import Cell, Line

_NEAR = 5  # lines drawn in between: cells are drawn one by one
_LONGEST = 40  # characters of a cell; columns of running text have more
# Of the font size.
_OFF_CENTRE = 0.2
_CELL_LEADING = 0.6  # between two lines of one cell


def join_centred_cells(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page with those of such a row joined into one, which stands where the first of them stood."""
    joined: dict[int, Line] = {}
    taken: set[int] = set()
    for middle in range(len(lines)):
        near = range(max(middle - _NEAR, 0), min(middle + _NEAR + 1, len(lines)))
        found = _around(lines, middle, [index for index in near if index not in taken])
        if found is None:
            continue
        upper, lower = found
        if any(_has_both(lines[index], lines[upper], lines[middle]) for index in near if index not in (*found, middle)):
            first, *others = sorted((upper, middle, lower))
            joined[first] = _row(lines[upper], lines[middle], lines[lower])
            taken |= {first, *others}
    return [joined.get(index, line) for index, line in enumerate(lines) if index in joined or index not in taken]


def _around(lines: Sequence[Line], middle: int, near: Sequence[int]) -> tuple[int, int] | None:
    """The two lines halfway between which the middle one stands; None where it stands by itself."""
    line = lines[middle]
    if middle not in near or not _is_short(line):
        return None
    beside = [index for index in near if _is_short(lines[index]) and not _share_room(lines[index].parts, line.parts)]
    uppers = [index for index in beside if line.bottom < lines[index].bottom < line.top < lines[index].top]
    lowers = [index for index in beside if lines[index].bottom < line.bottom < lines[index].top < line.top]
    return next(
        ((upper, lower) for upper in uppers for lower in lowers if _are_one_row(lines[upper], line, lines[lower])), None
    )


def _are_one_row(upper: Line, middle: Line, lower: Line) -> bool:
    """Whether the lower line goes on with cells of the upper one and the middle one stands halfway."""
    off_centre = abs(upper.top + lower.bottom - middle.top - middle.bottom) / 2
    return (
        off_centre < _OFF_CENTRE * middle.size
        and upper.bottom - lower.top < _CELL_LEADING * middle.size
        and all(_share_room([part], upper.parts) for part in lower.parts)
    )


def _has_both(line: Line, upper: Line, middle: Line) -> bool:
    """Whether a line has cells in the columns of both, as another row of the same table does."""
    return len(line.parts) > 1 and _share_room(line.parts, upper.parts) and _share_room(line.parts, middle.parts)


def _row(upper: Line, middle: Line, lower: Line) -> Line:
    """The three lines as one."""
    return replace(
        upper,
        cells=_cells(upper.cells, middle.cells, lower.cells),
        parts=_cells(upper.parts, middle.parts, lower.parts),
        bottom=lower.bottom,
        bold=upper.bold and middle.bold and lower.bold,
        monospaced=upper.monospaced and middle.monospaced and lower.monospaced,
    )


def _cells(upper: Sequence[Cell], middle: Sequence[Cell], lower: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells of the row: those of two lines put together, and those of one."""
    stacks = [[cell] for cell in upper]
    for cell in lower:
        next(stack for stack in stacks if _share_room([cell], stack)).append(cell)
    stacked = [
        Cell(
            join_lines(cell.text for cell in stack),
            min(cell.left for cell in stack),
            max(cell.right for cell in stack),
        )
        for stack in stacks
    ]
    return tuple(sorted([*stacked, *middle], key=lambda cell: cell.left))


def _is_short(line: Line) -> bool:
    return all(len(cell.text) < _LONGEST for cell in line.cells)


def _share_room(some: Sequence[Cell], others: Sequence[Cell]) -> bool:
    """Whether any two of the cells stand above each other."""
    return any(one.left < other.right and other.left < one.right for one in some for other in others)
