import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.detect import JSON, JSON_LINES
from ingest.parsing.json_data import MAX_BYTES, MAX_LINE
from ingest.parsing.parsers import parse
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _parsed(content: bytes, media_type: str = JSON) -> ParsedDocument:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        path.write_bytes(content)
        document = parse(path, media_type)
    assert_sound(document)
    return document


def _of(value: Any) -> ParsedDocument:
    return _parsed(json.dumps(value, ensure_ascii=False).encode())


def test_flat_records_become_a_table_with_every_key_as_a_column() -> None:
    document = _of([{"name": "nut", "price": 1.5}, {"name": "bolt", "stock": None, "sold": True}])

    assert (
        [document.text]
        == contents(document, "table")
        == ["name | price | stock | sold\nnut | 1.5 |  |\nbolt |  |  | true"]
    )


def test_objects_within_records_become_columns_of_their_own() -> None:
    document = _of([{"id": 1, "at": {"city": "Wien", "tags": ["a", "b"]}}, {"id": 2, "at": {"city": "Graz"}}])

    assert document.text == "id | at.city | at.tags\n1 | Wien | a, b\n2 | Graz |"


def test_a_list_of_rows_is_a_table() -> None:
    assert contents(_of([["a", "b"], [1, 2]]), "table") == ["a | b\n1 | 2"]


def test_what_nests_stands_under_headings_that_give_its_place() -> None:
    value = {
        "title": "Menu",
        "open": True,
        "kitchen": {"chef": "Ada", "staff": [{"name": "Bo", "shifts": [{"day": 1}, {"day": 2, "long": [[1, [2]]]}]}]},
    }
    document = _of(value)

    assert document.title == "Menu"
    assert contents(document, "paragraph")[0] == "title: Menu\nopen: true"
    assert outline(document)[:2] == [(1, "kitchen"), (2, "staff")]
    day = next(block for block in document.blocks if document.text[block.start : block.end] == "day: 1")
    assert day.headings == ("kitchen", "staff", "shifts", "kitchen.staff[0].shifts[0]")


def test_records_of_long_texts_are_sections_named_after_them() -> None:
    document = _of([{"title": "One", "text": "word " * 100}, {"title": "Two", "text": "other " * 100}])

    assert outline(document) == [(1, "[0] One"), (1, "[1] Two")]
    assert "text: word word" in contents(document, "paragraph")[0]


def test_numbers_stay_as_they_are_written() -> None:
    assert _parsed(b'{"price": 1.10, "big": 1' + b"0" * 5_000 + b', "odd": NaN}').text.startswith(
        "price: 1.10\n\nbig: 10000"
    )


def test_levels_below_the_deepest_heading_keep_their_path() -> None:
    value: Any = {"leaf": "x", "more": "y"}
    for _ in range(8):
        value = {"a": value}
    document = _of(value)

    assert outline(document)[-1] == (6, "a")
    assert contents(document, "paragraph")[-2:] == ["a.a.a.a.a.a.a.a:", "leaf: x\nmore: y"]


def test_plain_values_are_text() -> None:
    assert _parsed(b'"just a string"').text == "just a string"
    assert contents(_of(["word " * 30, "more " * 30]), "list_item")[0].startswith("- word")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_any_encoding_reads_right(encoding: str) -> None:
    assert _parsed('{"城市": "北京市海淀区中关村大街"}'.encode(encoding)).text == "城市: 北京市海淀区中关村大街"


def test_json_lines_become_one_table() -> None:
    document = _parsed(b'{"a": 1, "b": "x"}\n\n{"a": 2}\n', JSON_LINES)

    assert document.text == "a | b\n1 | x\n2 |"


def test_json_lines_under_the_name_of_json_are_read() -> None:
    assert _parsed(b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n').text == "a | b\n1 | 2\n3 | 4"


def test_records_of_long_json_lines_are_numbered_through() -> None:
    content = b"".join(b'{"text": "%d %s"}\n' % (number, b"long " * 80) for number in range(1_200))

    assert outline(_parsed(content, JSON_LINES))[-1] == (1, "[1199]")


def test_a_few_broken_lines_are_left_out_with_a_warning_and_many_reject() -> None:
    lines = [b'{"n": %d, "square": %d}' % (number, number**2) for number in range(50)]
    document = _parsed(b"\n".join([*lines[:2], b'{"n": 3, "squ', *lines[2:]]), JSON_LINES)

    assert document.warnings == ("1 lines are not JSON and were left out: 3.",)
    assert rejection_code(lambda: _parsed(b"not\njson\nat all\n", JSON_LINES)) == "damaged"


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"a": 1', b"<html>", b"[1, 2", b"{'a': 1}", b'{"a": 1} trailing', b"[" * 100_000, b'{"a":' * 100_000],
)
@pytest.mark.parametrize("media_type", [JSON, JSON_LINES])
def test_what_is_no_json_or_nests_without_end_is_rejected_as_damaged(content: bytes, media_type: str) -> None:
    assert rejection_code(lambda: _parsed(content, media_type)) == "damaged"


def test_values_that_nest_as_deep_as_can_be_read_are_sound_or_rejected() -> None:
    for depth in (100, 300, 900):
        assert rejection_code(lambda content=b'{"a":' * depth + b'"x"' + b"}" * depth: _parsed(content)) in (
            "",
            "damaged",
        )


def test_too_large_files_are_rejected_before_they_are_held(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    assert rejection_code(lambda: parse(path, JSON)) == "too_much_text"


def test_a_line_without_end_is_rejected_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b" " * (MAX_LINE + 1))

    with pytest.raises(DocumentRejected, match="no record"):
        parse(path, JSON_LINES)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_any_value_is_a_sound_document_or_holds_no_text(value: Any) -> None:
    content = json.dumps(value).encode()
    assert rejection_code(lambda: _parsed(content)) in ("", "no_text")
    assert rejection_code(lambda: _parsed(content, JSON_LINES)) in ("", "no_text")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_sound_document_or_rejected(content: bytes) -> None:
    assert rejection_code(lambda: _parsed(content)) in ("", "no_text", "damaged")
    assert rejection_code(lambda: _parsed(content, JSON_LINES)) in ("", "no_text", "damaged")
