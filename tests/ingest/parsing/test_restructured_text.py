import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.detect import RESTRUCTURED_TEXT
from ingest.parsing.parsers import parse
from ingest.parsing.restructured_text import LONGEST_LINE, LONGEST_TEXT
from ingest.parsing.types import ParsedDocument
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _parsed(text: str | bytes) -> ParsedDocument:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.rst"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        document = parse(path, RESTRUCTURED_TEXT)
    assert_sound(document)
    return document


def test_sections_become_headings_of_their_depth() -> None:
    document = _parsed("Top\n===\n\nA\n-\n\nText\nwraps.\n\nB\n-\n\nMore.\n")

    assert outline(document) == [(1, "Top"), (2, "A"), (2, "B")]
    assert contents(document, "paragraph") == ["Text wraps.", "More."]
    assert document.blocks[-1].headings == ("Top", "B")
    assert document.title == "Top"


def test_marks_links_and_roles_leave_their_text() -> None:
    text = (
        "See *this*, ``code``, `a link <https://example.org>`_, :ref:`that part <part>` and "
        ":class:`~shop.Cart` [1]_.\n\n.. [1] A note.\n"
    )
    document = _parsed(text)

    assert contents(document, "paragraph") == ["See this, code, a link, that part and shop.Cart [1]."]
    assert contents(document, "footnote") == ["[1] A note."]


def test_lists_keep_their_numbers_and_nest() -> None:
    document = _parsed("3. three\n4. four\n\n   a) inner\n\n- dash\n\n  more of it\n")

    assert contents(document, "list_item") == ["3. three", "4. four", "a) inner", "- dash"]
    assert contents(document, "paragraph") == ["more of it"]


def test_terms_and_fields_stand_with_what_they_say() -> None:
    document = _parsed(":author: Ada\n\nterm : kind\n   What it means.\n\n-v, --verbose  say more\n")

    assert contents(document, "paragraph") == ["author: Ada", "term (kind): What it means.", "-v, --verbose say more"]


def test_tables_are_read_with_title_and_spans() -> None:
    grid = "+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n|   +---+\n|   | 3 |\n+---+---+\n"
    listed = ".. csv-table:: Prices\n   :header: thing, price\n\n   nut, 1.5\n"
    document = _parsed(f"{grid}\n{listed}")

    assert contents(document, "table") == ["a | b\n1 | 2\n1 | 3", "thing | price\nnut | 1.5"]
    assert contents(document, "caption") == ["Prices"]


def test_program_text_keeps_its_lines() -> None:
    document = _parsed("Run::\n\n   if a:\n       b()\n\n.. code-block:: python\n   :emphasize-lines: 1\n\n   c = 1\n")

    assert contents(document, "code") == ["if a:\n    b()", "c = 1"]


def test_text_in_directives_that_docutils_does_not_know_is_read() -> None:
    document = _parsed(
        ".. function:: open(path)\n   :noindex:\n\n   Opens *it*.\n\n   .. versionadded:: 3.2\n      The mode.\n\n"
        ".. toctree::\n   :maxdepth: 2\n\n   intro\n\n.. note::\n   Mind the gap.\n"
    )

    assert contents(document, "paragraph") == [
        "open(path)",
        "Opens it.",
        "Added in version 3.2 The mode.",
        "Note: Mind the gap.",
    ]


def test_a_table_that_is_broken_is_read_as_it_stands() -> None:
    assert "nut 1.5" in _parsed("=====  ====\nthing  price\n=====  ====\nnut 1.5 and more\n=====  ====\n").text


@pytest.mark.parametrize(
    "directive",
    [
        "include:: {}",
        "literalinclude:: {}",
        "raw:: html\n   :file: {}",
        "csv-table::\n   :file: {}",
        "csv-table::\n   :url: file://{}",
    ],
)
def test_no_other_file_is_opened(directive: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden words")

    assert "hidden" not in _parsed(f"Before.\n\n.. {directive.format(secret)}\n\nAfter.\n").text


def test_raw_markup_is_left_out() -> None:
    assert _parsed("Text.\n\n.. raw:: html\n\n   <script>alert(1)</script>\n").text == "Text."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_any_encoding_reads_right(encoding: str) -> None:
    document = _parsed("软件工程\n========\n\n这是一个关于软件工程的段落。\n".encode(encoding))

    assert document.text == "软件工程\n\n这是一个关于软件工程的段落。"


@pytest.mark.parametrize("text", ["word " * (LONGEST_LINE // 5 + 1), "Some line\n\n" * (LONGEST_TEXT // 11 + 1)])
def test_what_is_too_long_for_the_library_is_read_as_plain_text(text: str) -> None:
    document = _parsed(text)

    assert {block.kind for block in document.blocks} == {"paragraph"}
    assert "plain text" in document.warnings[0]


def test_nesting_without_end_is_a_reason_to_reject_and_no_crash() -> None:
    quotes = "\n\n".join(" " * depth + "x" for depth in range(500))
    lists = "- " * 2_000 + "x"

    assert rejection_code(lambda: _parsed(quotes)) in ("", "damaged")
    assert rejection_code(lambda: _parsed(lists)) in ("", "damaged")


_PIECES = st.sampled_from(
    [
        "=====\n",
        "-----\n",
        "text\n",
        "\n",
        "   ",
        "- ",
        "1. ",
        ".. note:: x\n",
        ".. unknown:: y\n",
        "`",
        "*",
        "::\n",
        "|",
        "+--+\n",
        "[1]_ ",
        ":r:`a`",
        "\x00",
    ]
)


@given(st.lists(_PIECES, max_size=25))
def test_any_mixture_of_marks_is_a_sound_document_or_holds_no_text(pieces: list[str]) -> None:
    assert rejection_code(lambda: _parsed("".join(pieces))) in ("", "no_text")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_sound_document_or_hold_no_text(content: bytes) -> None:
    assert rejection_code(lambda: _parsed(content)) in ("", "no_text")
