import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.normalise import normalise
from ingest.parsing.plain_text import parse
from tests.ingest.parsing.soundness import assert_sound, contents, rejection_code


def _parsed(content: bytes) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_bytes(content)
        document = parse(path)
    assert_sound(document)
    return contents(document, "paragraph")


def test_paragraphs_end_at_blank_lines_and_keep_their_lines() -> None:
    assert _parsed(b"first\nline\n\n\n  \nsecond\r\n\r\nthird") == ["first\nline", "second", "third"]


def test_indented_lines_begin_paragraphs_where_no_blank_lines_do() -> None:
    assert _parsed("　　第一段。\n　　第二段。\n".encode()) == ["第一段。", "第二段。"]


def test_a_text_without_blank_lines_is_cut_at_line_ends() -> None:
    lines = [f"line {number} of a log" for number in range(2_000)]
    paragraphs = _parsed("\n".join(lines).encode())

    assert len(paragraphs) > 5
    assert max(map(len, paragraphs)) < 5_000
    assert "\n".join(paragraphs).split("\n") == lines


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(lambda text: normalise(text).strip()))
def test_no_visible_character_is_lost_or_added(text: str) -> None:
    paragraphs = _parsed(("\ufeff" + text).encode())

    assert "".join("".join(paragraphs).split()) == "".join(normalise(text).split())


@given(st.binary(max_size=400))
def test_any_bytes_are_a_sound_text_or_rejected(content: bytes) -> None:
    assert rejection_code(lambda: _parsed(content)) in ("", "no_text")


def test_a_text_over_the_limit_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes((b"words and " * 200 + b"\n") * 11_000)

    assert rejection_code(lambda: parse(path)) == "too_much_text"
