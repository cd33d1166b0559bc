"""Only what is surely one row of a table is joined."""

from ingest.parsing.pdf_centred_cells import join_centred_cells
from ingest.parsing.pdf_lines import Cell, Line


def line(top: float, *cells: tuple[float, str]) -> Line:
    """A line of 10 points; each character is 5 points wide."""
    placed = tuple(Cell(text, left, left + 5 * len(text)) for left, text in cells)
    return Line(placed, placed, top - 10, top, 10.0, bold=False, monospaced=False, font=b"Times")


UPPER, LOWER = line(700, (0, "Length of"), (200, "Days of")), line(688, (0, "service"), (200, "leave"))
MIDDLE = line(694, (100, "Notice"))
ANOTHER = line(670, (0, "a year"), (100, "2 weeks"), (200, "20"))


def texts(lines: list[Line]) -> list[list[str]]:
    return [[cell.text for cell in found.cells] for found in lines]


def test_the_row_stands_where_the_first_of_its_lines_was_drawn() -> None:
    joined = join_centred_cells([UPPER, LOWER, MIDDLE, ANOTHER])

    assert texts(joined) == [["Length of service", "Notice", "Days of leave"], ["a year", "2 weeks", "20"]]
    assert (joined[0].top, joined[0].bottom) == (700, 678)
    assert join_centred_cells([MIDDLE, ANOTHER, UPPER, LOWER]) == joined


def test_two_lines_beside_each_other_are_no_row_without_another_below_both() -> None:
    apart = [UPPER, LOWER, MIDDLE, line(670, (0, "a year"), (200, "20"))]

    assert join_centred_cells(apart) == apart


def test_columns_of_text_whose_lines_stand_at_other_heights_are_left_alone() -> None:
    left, right = "the ferry leaves at seven from the old quay", "and comes back at noon with all the boxes on"
    columns = [line(700 - 12 * number, (0, left)) for number in range(4)]
    columns += [line(694 - 12 * number, (300, right)) for number in range(4)]

    assert join_centred_cells(columns) == columns


def test_a_line_that_is_not_halfway_is_left_alone() -> None:
    lower = [UPPER, LOWER, line(690.5, (100, "Notice")), ANOTHER]

    assert join_centred_cells(lower) == lower
