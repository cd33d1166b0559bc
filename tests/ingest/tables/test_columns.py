"""A column has a type if every cell that says anything is of it; else it is text, unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.tables.columns import Customs, type_cells


@pytest.mark.parametrize(
    ("header", "cells", "type_", "unit", "values"),
    [
        ("n", ["1", "", "3"], "integer", None, [1, None, 3]),
        ("n", ["1", "2.5", "n/a"], "real", None, [1.0, 2.5, None]),
        ("Share (%)", ["1", "2.5"], "percentage", "%", [1.0, 2.5]),
        ("Share", ["1 %", "–", "2,5 %"], "percentage", "%", [1.0, None, 2.5]),
        ("Price", ["EUR 1.200,50", "k. A."], "quantity", "EUR", [1200.5, None]),
        ("Weight [kg]", ["1", "2.5"], "real", "kg", [1.0, 2.5]),
        ("Day", ["5.3.2024", "./."], "date", None, ["2024-03-05", None]),
        ("Paid", ["ja", "Nein", ""], "boolean", None, [True, False, None]),
        ("Paid", ["是", "否"], "boolean", None, [True, False]),
        ("Code", ["0123", "5"], "text", None, ["0123", "5"]),
        ("Total", ["1", "2", "about 3"], "text", None, ["1", "2", "about 3"]),
        ("Note", ["-", "yes", "maybe", ""], "text", None, ["-", "yes", "maybe", None]),
        ("Nothing", ["-", ""], "text", None, ["-", None]),
        ("Empty", ["", ""], "text", None, [None, None]),
    ],
)
def test_columns_get_their_type(
    header: str, cells: list[str], type_: str, unit: str | None, values: list[object]
) -> None:
    typed = type_cells(header, cells, Customs())
    assert (typed.type, typed.unit, list(typed.values)) == (type_, unit, values)


@given(st.text(), st.lists(st.text()))
def test_every_cell_has_a_value_and_text_is_unchanged(header: str, cells: list[str]) -> None:
    typed = type_cells(header, cells, Customs())
    assert len(typed.values) == len(cells)
    if typed.type == "text":
        assert list(typed.values) == [cell or None for cell in cells]
