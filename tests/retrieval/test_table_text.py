import pytest

from retrieval.table_text import cells_of, head_of

HEAD = "Part | Shelf | In stock"
PASSAGE = f"What is on the shelves.\n{HEAD}\nHub | B04 | 12\nRim |  | 7\nCounted in May."


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("Hub | B04 | 12", ["Hub", "B04", "12"]),
        ("Hub |  | 12", ["Hub", "", "12"]),
        ("| B04 | 12", ["", "B04", "12"]),  # a document's text has no spaces at the ends of its lines
        ("Hub | B04 |", ["Hub", "B04", ""]),
        ("Counted in May.", ["Counted in May."]),
    ],
)
def test_a_row_has_as_many_cells_as_its_table_has_columns(line: str, cells: list[str]) -> None:
    assert cells_of(line) == cells


def test_the_first_row_of_a_table_is_the_head_of_all_its_rows() -> None:
    assert head_of(PASSAGE, PASSAGE.index("Hub"), ()) == HEAD
    assert head_of(PASSAGE, PASSAGE.index("Rim"), ("Stock",)) == HEAD
    assert head_of(PASSAGE, PASSAGE.index(HEAD), ()) == HEAD


def test_a_table_that_goes_on_has_its_head_in_the_innermost_heading() -> None:
    rest = PASSAGE[PASSAGE.index("Hub") :]
    assert head_of(rest, rest.index("Rim"), ("Stock", HEAD)) == HEAD
    assert head_of(rest, rest.index("Rim"), ("Stock",)) == "Hub | B04 | 12"


@pytest.mark.parametrize("prose", ["What is", "Counted"])
def test_a_line_beside_a_table_has_no_head(prose: str) -> None:
    assert not head_of(PASSAGE, PASSAGE.index(prose), ("Stock", HEAD))
