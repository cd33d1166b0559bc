"""The way numbers are written is decided by the column; what it leaves open, by its table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.tables.numbers import ENGLISH, GERMAN, Convention, evidence, read_numbers


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "-2", "+3", "−4", "–5", "(6)"], [1, -2, 3, -4, -5, -6]),
        (["1,200", "1,200,300.5"], [1200, 1200300.5]),
        (["1.200", "1.200.300,5"], [1200, 1200300.5]),
        (["1.200", "3,5"], [1200, 3.5]),
        (["1,200", "3.5"], [1200, 3.5]),
        (["1'234.50", "1’000"], [1234.5, 1000]),
        (["1 234,5", "12"], [1234.5, 12]),
        ([".5", "-0.25", "1e3"], [0.5, -0.25, 1000.0]),
    ],
)
def test_a_column_is_read_in_one_way(cells: list[str], numbers: list[float]) -> None:
    assert read_numbers(cells, None) == numbers


@pytest.mark.parametrize(
    "cells",
    [["1,2", "3.4"], ["01234"], ["1.2.3"], ["e5"], ["12 34"], ["1,23,456"], ["9" * 30], ["9" * 5000], ["1e999"], ["٣"]],
)
def test_what_is_no_number_or_would_lose_digits_stays_text(cells: list[str]) -> None:
    assert read_numbers(cells, None) is None


def test_the_neighbours_settle_what_the_column_leaves_open() -> None:
    assert read_numbers(["1.200", "7"], None) == [1.2, 7]
    assert read_numbers(["1.200", "7"], GERMAN) == [1200, 7]
    assert read_numbers(["1,200"], GERMAN) == [1.2]
    assert read_numbers(["1.5"], GERMAN) == [1.5]


def test_only_what_can_be_one_of_the_two_is_evidence() -> None:
    assert (evidence(["1.5"]), evidence(["1,5"]), evidence(["1.500"]), evidence(["7"])) == (ENGLISH, GERMAN, None, None)


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.booleans())
def test_whole_numbers_with_separators_come_back(numbers: list[int], german: bool) -> None:
    way: Convention = GERMAN if german else ENGLISH
    cells = [f"{number:,}".replace(",", "." if german else ",") for number in numbers]
    assert read_numbers(cells, way) == numbers


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1), st.booleans())
def test_amounts_come_back_without_a_hint(numbers: list[object], german: bool) -> None:
    swap = str.maketrans(",.", ".,") if german else {}
    assert read_numbers([f"{number:,}".translate(swap) for number in numbers], None) == [
        float(str(it)) for it in numbers
    ]


@given(st.text())
def test_no_cell_breaks_the_reading(cell: str) -> None:
    read_numbers([cell], None)
