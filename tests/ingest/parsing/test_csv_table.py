import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.csv_table import parse, parse_tabs
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected
from tests.ingest.parsing.soundness import assert_sound, contents, rejection_code


def _parsed(content: bytes, read: Callable[[Path], ParsedDocument] = parse) -> ParsedDocument:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        document = read(path)
    assert_sound(document)
    return document


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = ["name;price".replace(";", delimiter), "nut, small;1.5".replace(";", delimiter)]
    content = "\n".join(rows) if delimiter != "," else 'name,price\n"nut, small",1.5'

    assert _parsed(content.encode()).text == "name | price\nnut, small | 1.5"


def test_commas_and_lone_quotation_marks_are_text_in_a_table_of_tabs() -> None:
    content = b'size, name\tnote\n5" nail\t"as is\n1, 2, 3\tso" they said\n'

    assert _parsed(content, parse_tabs).text == 'size, name | note\n5" nail | "as is\n1, 2, 3 | so" they said'


def test_quoted_cells_of_a_table_of_tabs_may_hold_tabs_and_line_breaks() -> None:
    assert _parsed(b'a\tb\n"one\ttwo"\t"3\n4"\n', parse_tabs).text == "a | b\none two | 3 4"


def test_cells_with_line_breaks_stay_in_their_row() -> None:
    assert _parsed(b'a,b\n"one\ntwo",3\n').text == "a | b\none two | 3"


def test_a_single_column_is_a_table_too() -> None:
    assert contents(_parsed(b"Industry\nHealth\nSales\n"), "table") == ["Industry\nHealth\nSales"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_cells_read_right_in_any_encoding(encoding: str) -> None:
    content = "姓名,城市\n张三,北京\n李四,上海\n"

    assert _parsed(content.encode(encoding)).text == "姓名 | 城市\n张三 | 北京\n李四 | 上海"


def test_a_long_file_becomes_blocks_with_the_header_each() -> None:
    content = "number,square\n" + "".join(f"{number},{number**2}\n" for number in range(1_000))
    tables = contents(_parsed(content.encode()), "table")

    assert len(tables) > 10
    assert all(table.startswith("number | square\n") for table in tables)


def test_a_million_columns_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"1," * 1_000_000 + b"1\n")

    with pytest.raises(DocumentRejected) as rejection:
        parse(path)

    assert rejection.value.code == "too_many_columns"
    assert "1,000,001 columns" in rejection.value.detail


def test_a_quotation_mark_that_is_never_closed_is_named_as_the_cause(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\n1,"open\n' + b"2,3\n" * 400_000)

    with pytest.raises(DocumentRejected, match="never closed"):
        parse(path)


def test_a_line_without_end_is_rejected_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n" + b"x" * 100)
        file.truncate(10**8)

    with pytest.raises(DocumentRejected):
        parse(path)


@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4), max_size=6), st.sampled_from(",;\t|"))
def test_any_rows_are_a_sound_table_or_rejected(rows: list[list[str]], delimiter: str) -> None:
    content = "\n".join(delimiter.join(row) for row in rows).encode("utf-8", "ignore")
    assert rejection_code(lambda: _parsed(content)) in ("", "no_text", "damaged")
    assert rejection_code(lambda: _parsed(content, parse_tabs)) in ("", "no_text", "damaged")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_sound_table_or_rejected(content: bytes) -> None:
    assert rejection_code(lambda: _parsed(content)) in ("", "no_text", "damaged")
