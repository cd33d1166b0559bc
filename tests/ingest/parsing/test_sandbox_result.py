import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.sandbox_result import read_result, rows_path, write_document, write_rejection
from ingest.tables.extract import with_tables
from retrieval.errors import DocumentRejected, UnsupportedFile


def _written() -> dict[str, Any]:
    """A result as the parser process writes it."""
    return {
        "text": "Top\n\ntext",
        "blocks": [["heading", 0, 3, 1, 0, 1], ["paragraph", 5, 9, 1, 1, 0]],
        "headings": [[], ["Top"]],
        "pages": 1,
        "title": "Top",
        "warnings": [],
        "confidence": 1.0,
        "tables": [],
    }


def test_a_document_survives_the_crossing(tmp_path: Path) -> None:
    builder = DocumentBuilder()
    builder.paragraph("标题前")
    builder.page(1)
    builder.heading(1, "Top")
    builder.heading(2, "Inner")
    builder.table([["a", "b"], ["1", "2"]])
    builder.list_item("item")
    builder.warn("odd")
    document = builder.build(title="Title", confidence=0.875)
    write_document(tmp_path / "r", document)

    assert read_result(tmp_path / "r") == document


def test_tables_survive_the_crossing_with_their_rows(tmp_path: Path) -> None:
    builder = DocumentBuilder()
    builder.table([["Artikel", "Preis"], ["Birne", "1,20 €"], ["Apfel", ""]])
    builder.paragraph("Between.")
    builder.table([["1", "2"], ["3", "4"]])
    document = with_tables(builder.build())
    write_document(tmp_path / "r", document)

    found = read_result(tmp_path / "r")
    assert [(table.title, table.columns) for table in found.tables] == [
        (table.title, table.columns) for table in document.tables
    ]
    assert [list(table.rows) for table in found.tables] == [[["Birne", 1.2], ["Apfel", None]], [[1, 2], [3, 4]]]


def test_rows_that_do_not_fit_their_table_are_refused(tmp_path: Path) -> None:
    builder = DocumentBuilder()
    builder.table([["a", "b"], ["1", "2"]])
    write_document(tmp_path / "r", with_tables(builder.build()))
    rows_path(tmp_path / "r").write_text("[1]\n")
    with pytest.raises(ValueError, match="does not fit"):
        read_result(tmp_path / "r")


def test_reasons_survive_the_crossing(tmp_path: Path) -> None:
    write_rejection(tmp_path / "r", DocumentRejected("no_text", "Nothing."))
    with pytest.raises(DocumentRejected, match="Nothing.") as rejection:
        read_result(tmp_path / "r")
    assert rejection.value.code == "no_text"

    write_rejection(tmp_path / "r", UnsupportedFile("Not read."))
    with pytest.raises(UnsupportedFile, match="Not read."):
        read_result(tmp_path / "r")


def test_the_form_is_the_one_that_these_tests_bend(tmp_path: Path) -> None:
    (tmp_path / "r").write_text(json.dumps(_written()))

    assert read_result(tmp_path / "r").blocks[1].headings == ("Top",)


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": [["paragraph", 0, 10, None, 0, 0]]},  # beyond the text
        {"blocks": [["paragraph", 3, 3, None, 0, 0]]},  # empty
        {"blocks": [["paragraph", -1, 3, None, 0, 0]]},
        {"blocks": [["paragraph", 0, 5, None, 0, 0], ["paragraph", 4, 6, None, 0, 0]]},  # overlapping
        {"blocks": [["script", 0, 3, None, 0, 0]]},
        {"blocks": [["paragraph", 0, 3, None, 7, 0]]},  # no such heading path
        {"blocks": [["paragraph", "0", 3, None, 0, 0]]},
        {"blocks": [["paragraph"]]},
        {"blocks": None},
        {"headings": 3},
        {"pages": "many"},
        {"warnings": 1},
        {"tables": 1},
        {"tables": [{"title": "t", "columns": [], "bytes": "many"}]},
        {"tables": [{"title": "t", "columns": [["a", "a", "colour", None, []]], "bytes": 0}]},
    ],
)
def test_a_result_that_does_not_fit_together_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "r").write_text(json.dumps(_written() | change))

    with pytest.raises(ValueError, match=r".+"):
        read_result(tmp_path / "r")


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=4), max_leaves=8
)


@given(st.dictionaries(st.sampled_from(sorted(_written())), _JSON))
def test_no_result_gets_past_as_anything_but_a_document(change: dict[str, Any]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(json.dumps(_written() | change).encode())
        file.flush()
        try:
            document = read_result(Path(file.name))
        except ValueError:
            return
    assert all(document.text[block.start : block.end] for block in document.blocks)
