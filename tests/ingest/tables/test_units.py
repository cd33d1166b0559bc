"""A column is one of quantities if its cells share a unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.tables.units import part_units, unit_of_header


@pytest.mark.parametrize(
    ("cells", "numbers", "unit"),
    [
        (["12 kg", "13kg"], ["12", "13"], "kg"),
        (["EUR 1.200,50", "€3", "4 €", "-€5"], ["1.200,50", "3", "4", "-5"], "EUR"),
        (["$5", "US$ 6", "7 USD"], ["5", "6", "7"], "USD"),
        (["5 %", "12,5%", "3 ％"], ["5", "12,5", "3"], "%"),
        (["100元", "35 元"], ["100", "35"], "元"),
        (["20°C", "-5 °C"], ["20", "-5"], "°C"),
        (["10 km/h", "7 km/h"], ["10", "7"], "km/h"),
        (["3,5 Mio. €", "10 Mio. €"], ["3,5", "10"], "Mio. €"),
        (["12 kg", "3 kg", "0"], ["12", "3", "0"], "kg"),
        (["12 Personen", "3 Personen"], ["12", "3"], "Personen"),
    ],
)
def test_numbers_and_units_are_parted(cells: list[str], numbers: list[str], unit: str) -> None:
    measured = part_units(cells)
    assert measured is not None
    assert (list(measured.numbers), measured.unit) == (numbers, unit)


@pytest.mark.parametrize(
    "cells",
    [["12 kg", "13 g"], ["12 kg", "0", "0"], ["Room 5"], ["12A", "13A"], ["10 Downing"], ["10 Main St"] * 2, ["5"]],
)
def test_what_shares_no_unit_is_left_alone(cells: list[str]) -> None:
    assert part_units(cells) is None


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Weight (kg)", "kg"),
        ("Share [%]", "%"),
        ("Preis in EUR", "EUR"),
        ("Preis (€)", "EUR"),
        ("unit_price_eur", "EUR"),
        ("Discount percent", "%"),
        ("Born in Hamburg", None),
        ("", None),
    ],
)
def test_a_header_may_state_the_unit(header: str, unit: str | None) -> None:
    assert unit_of_header(header) == unit


@given(st.lists(st.text(), min_size=1))
def test_no_cell_breaks_the_parting(cells: list[str]) -> None:
    part_units(cells)
