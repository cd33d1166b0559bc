from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.builder import MAX_TABLE_ROWS, DocumentBuilder
from retrieval.errors import DocumentRejected
from tests.ingest.parsing.soundness import assert_sound, contents

_TEXT = st.text(max_size=60) | st.sampled_from(["a\r\nb", "x\0y", "e\u0301", "  ", "line  \n\n\nnext", "\ud800"])
_STEP = st.one_of(
    st.tuples(st.just("heading"), st.integers(-3, 9), _TEXT),
    st.tuples(st.sampled_from(["paragraph", "code", "caption", "footnote", "list_item"]), _TEXT),
    st.tuples(st.just("table"), st.lists(st.lists(_TEXT, max_size=4), max_size=6)),
    st.tuples(st.just("page"), st.integers(1, 50)),
    st.tuples(st.just("leave_section")),
)


@given(st.lists(_STEP, max_size=20))
def test_whatever_is_added_the_blocks_are_exact_ordered_and_apart(steps: list[tuple[Any, ...]]) -> None:
    builder = DocumentBuilder()
    for method, *arguments in steps:
        getattr(builder, method)(*arguments)
    builder.paragraph("an end")

    assert_sound(builder.build())


def test_a_block_knows_the_headings_above_it_and_a_heading_does_not_contain_itself() -> None:
    builder = DocumentBuilder()
    builder.heading(1, "One")
    builder.heading(3, "Deep")
    builder.paragraph("below both")
    builder.heading(2, "Two")
    builder.paragraph("below two")
    builder.heading(1, "Next")
    builder.paragraph("below next")

    assert [block.headings for block in builder.build().blocks] == [
        (),
        ("One",),
        ("One", "Deep"),
        ("One",),
        ("One", "Two"),
        (),
        ("Next",),
    ]


def test_text_is_normalised_before_offsets_are_taken() -> None:
    builder = DocumentBuilder()
    builder.paragraph("cafe\u0301\0 \r\nnext\u00a0line  ")
    builder.paragraph("second")
    document = builder.build()

    assert document.text == "café\nnext line\n\nsecond"
    assert document.text[document.blocks[1].start : document.blocks[1].end] == "second"


def test_empty_blocks_are_dropped() -> None:
    builder = DocumentBuilder()
    builder.paragraph(" \n ")
    builder.heading(1, "\0")
    builder.table([["", " "], []])
    builder.list_item("")
    builder.code("\n\n")
    builder.paragraph("text")

    assert [block.kind for block in builder.build().blocks] == ["paragraph"]


def test_a_table_is_one_line_a_row_with_the_header_first() -> None:
    builder = DocumentBuilder()
    builder.table([["Name", "Price"], ["nut\nand bolt", "3"], ["", "4"], ["screw", ""]])

    assert builder.build().text == "Name | Price\nnut and bolt | 3\n| 4\nscrew |"


def test_a_long_table_becomes_blocks_that_each_repeat_the_header() -> None:
    builder = DocumentBuilder()
    builder.table([["Number", "Square"], *([str(number), str(number**2)] for number in range(500))])
    tables = contents(builder.build(), "table")

    assert len(tables) > 1
    assert all(table.startswith("Number | Square\n") for table in tables)
    assert all(table.count("\n") < MAX_TABLE_ROWS for table in tables)
    rows = [line for table in tables for line in table.split("\n")[1:]]
    assert rows == [f"{number} | {number**2}" for number in range(500)]


def test_a_table_is_read_row_by_row_and_stops_at_the_limit() -> None:
    taken = 0

    def endless() -> Iterator[list[str]]:
        nonlocal taken
        while True:
            taken += 1
            yield ["some", "cells"]

    with pytest.raises(DocumentRejected) as rejection:
        DocumentBuilder(max_characters=10_000).table(endless())

    assert rejection.value.code == "too_much_text"
    assert taken < 2_000


def test_more_text_than_the_limit_is_rejected_and_the_limit_itself_is_not() -> None:
    builder = DocumentBuilder(max_characters=10)
    builder.paragraph("1234567890")
    assert builder.build().text == "1234567890"

    with pytest.raises(DocumentRejected) as rejection:
        builder.paragraph("x")

    assert rejection.value.code == "too_much_text"


def test_a_document_without_text_is_rejected() -> None:
    with pytest.raises(DocumentRejected) as rejection:
        DocumentBuilder().build()

    assert rejection.value.code == "no_text"


def test_blocks_carry_the_page_they_are_on_and_the_document_the_last_one() -> None:
    builder = DocumentBuilder()
    builder.page(1)
    builder.paragraph("first")
    builder.page(2)
    builder.paragraph("second")
    builder.page(3)
    document = builder.build()

    assert [block.page for block in document.blocks] == [1, 2]
    assert document.pages == 3


def test_code_keeps_its_indentation_and_loses_what_all_lines_share() -> None:
    builder = DocumentBuilder()
    builder.code("\n    if x:\n        y()\n\n    z()\n")

    assert builder.build().text == "if x:\n    y()\n\nz()"


def test_a_warning_counts_once() -> None:
    builder = DocumentBuilder()
    builder.paragraph("text")
    builder.warn("odd")
    builder.warn("odd")

    assert builder.build().warnings == ("odd",)
