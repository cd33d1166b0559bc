"""The tables of a document, as its parser wrote them, come back whole and typed."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parsing.builder import MAX_TABLE_ROWS, DocumentBuilder
from ingest.parsing.normalise import single_line
from ingest.tables.extract import typed_tables, with_tables
from ingest.tables.names import table_names
from ingest.tables.rows import raw_tables
from ingest.tables.types import TypedTable


def tables_of(*tables: Sequence[Sequence[str]]) -> Sequence[TypedTable]:
    builder = DocumentBuilder()
    for table in tables:
        builder.table(table)
        builder.paragraph("Between.")
    return typed_tables(builder.build())


def test_a_table_comes_back_with_types_names_and_examples() -> None:
    (table,) = tables_of(
        [
            ["Artikel", "Preis", "Preis", "", "seit"],
            ["Birne", "1,20 €", "5", "ja", "1.2.2024"],
            ["Apfel", "1.200,00 €", "", "nein", "3.4.2024"],
        ]
    )
    assert [(column.name, column.header, column.type, column.unit) for column in table.columns] == [
        ("artikel", "Artikel", "text", None),
        ("preis", "Preis", "quantity", "EUR"),
        ("preis_2", "Preis", "integer", None),
        ("column_4", "", "boolean", None),
        ("seit", "seit", "date", None),
    ]
    assert table.rows == [("Birne", 1.2, 5, True, "2024-02-01"), ("Apfel", 1200.0, None, False, "2024-04-03")]
    assert table.columns[1].examples == ("1,20 €", "1.200,00 €")


def test_a_long_table_is_one_table_again() -> None:
    rows = [[str(number), f"Text {number}"] for number in range(3 * MAX_TABLE_ROWS)]
    (table,) = tables_of([["n", "text"], *rows])
    assert [row[0] for row in table.rows] == list(range(3 * MAX_TABLE_ROWS))


def test_two_tables_with_one_header_stay_two() -> None:
    builder = DocumentBuilder()
    for number in range(2):
        builder.table([["a", "b"], [str(number), "x"]])
    assert [table.rows for table in typed_tables(builder.build())] == [[(0, "x")], [(1, "x")]]


def test_short_rows_are_filled_and_long_ones_get_columns() -> None:
    (table,) = tables_of([["a", "b"], ["1"], ["2", "3", "4"]])
    assert [column.name for column in table.columns] == ["a", "b", "column_3"]
    assert table.rows == [(1, None, None), (2, 3, 4)]


def test_empty_cells_at_the_ends_stay_where_they_are() -> None:
    (table,) = tables_of([["", "b", ""], ["", "", "1"], ["2", "", ""]])
    assert table.rows == [(None, None, 1), (2, None, None)]


def test_names_come_from_caption_heading_title_and_file() -> None:
    builder = DocumentBuilder()
    builder.table([["a"], ["1"]])
    builder.heading(1, "Sales 2024")
    builder.table([["a"], ["1"]])
    builder.paragraph("Between.")
    builder.table([["a"], ["1"]])
    builder.caption("Table 1: Costs")
    builder.table([["a"], ["1"]])
    titles = [table.title for table in typed_tables(builder.build())]
    assert list(zip(table_names(titles, "prices.csv"), titles, strict=True)) == [
        ("prices", ""),
        ("sales_2024", "Sales 2024"),
        ("sales_2024_2", "Sales 2024"),
        ("table_1_costs", "Table 1: Costs"),
    ]


def test_what_a_column_leaves_open_is_settled_by_its_table_or_its_document() -> None:
    clear, open_ = ["preis", "menge"], ["menge"]
    same, other = tables_of([clear, ["3,5", "1.200"]], [open_, ["1.200"]])
    assert (same.rows, other.rows) == ([(3.5, 1200)], [(1200,)])


@pytest.mark.parametrize(
    "first", [["1", "2.5"], ["2024-03-01", "7"], ["12.3.2024", "13.3.2024"], ["-3", "0"], ["1990", "17"]]
)
def test_a_first_row_of_numbers_and_dates_is_no_header(first: list[str]) -> None:
    (table,) = tables_of([first, ["3", "4"], ["5", "6"]])
    assert [(column.name, column.header) for column in table.columns] == [("column_1", ""), ("column_2", "")]
    assert len(table.rows) == 3


@pytest.mark.parametrize("first", [["2022", "2023"], ["", "2023"], ["a", "1"], ["", "7"], ["Q1", "Q2"], ["7 kg", "1"]])
def test_years_gaps_and_words_make_a_header(first: list[str]) -> None:
    (table,) = tables_of([first, ["3", "4"], ["5", "6"]])
    assert [column.header for column in table.columns] == first
    assert len(table.rows) == 2


def test_a_long_table_without_a_header_is_one_table_again() -> None:
    rows = [[str(number), str(2 * number)] for number in range(3 * MAX_TABLE_ROWS)]
    (table,) = tables_of(rows)
    assert [list(row) for row in table.rows] == [[number, 2 * number] for number in range(3 * MAX_TABLE_ROWS)]


def test_tables_too_large_to_be_held_are_left_as_text_with_a_warning() -> None:
    builder = DocumentBuilder()
    builder.table([["a", "b"], ["1", "2"], ["3", "4"]])
    document = builder.build()
    assert len(with_tables(document).tables) == 1
    too_large = with_tables(document, max_cells=2)
    assert (too_large.tables, too_large.blocks) == ((), document.blocks)
    assert "more than 2 cells" in too_large.warnings[0]


def test_a_document_without_tables_has_none() -> None:
    builder = DocumentBuilder()
    builder.paragraph("Text.")
    assert typed_tables(builder.build()) == []


_CELL = st.one_of(st.text(max_size=12), st.sampled_from(["1", "2,5", "3 kg", "5 %", "1.2.2024", "yes", "-", ""]))


@settings(deadline=None)
@given(st.lists(st.lists(_CELL, min_size=1, max_size=6), min_size=1, max_size=130))
def test_no_row_is_lost_and_every_row_fits_a_table_of_sql(rows: list[list[str]]) -> None:
    filled = [row for row in rows if any(single_line(cell) for cell in row)]
    if not filled:
        return
    builder = DocumentBuilder()
    builder.table(rows)
    document = builder.build()
    (table,) = typed_tables(document)
    assert len(table.rows) == len(filled) - any(column.header for column in table.columns)
    assert {len(row) for row in table.rows} <= {len(table.columns)}
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(column.name for column in table.columns)})")
        places = ", ".join("?" * len(table.columns))
        connection.executemany(f"INSERT INTO t VALUES ({places})", table.rows)
        assert connection.execute("SELECT * FROM t").fetchall() == table.rows


@settings(deadline=None)
@given(st.lists(st.lists(st.text("ab1 ", max_size=5), min_size=3, max_size=3), min_size=1, max_size=130))
def test_cells_without_the_separator_come_back_as_they_were(rows: list[list[str]]) -> None:
    cleaned = [[single_line(cell) for cell in row] for row in rows]
    filled = [row for row in cleaned if any(row)]
    if filled:
        builder = DocumentBuilder()
        builder.table(rows)
        (table,) = raw_tables(builder.build())
        assert [list(row) for row in (table.header, *table.rows)] == filled
