import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.html import parse
from ingest.parsing.types import ParsedDocument
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _parsed(markup: str | bytes) -> ParsedDocument:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.html"
        path.write_bytes(markup.encode("utf-8", "ignore") if isinstance(markup, str) else markup)
        document = parse(path)
    assert_sound(document)
    return document


def test_a_page_becomes_blocks_with_its_title() -> None:
    document = _parsed(
        "<title>The page</title><h1>Top</h1><p>Some <b>bold</b>\n text<br>next line</p><ol start=3><li>three"
        "<ul><li>inner</ul><li>four</ol><pre>if x:\n  y()</pre><h2>Part</h2>"
        "<figure><figcaption>A duck</figcaption></figure>"
    )

    assert document.title == "The page"
    assert outline(document) == [(1, "Top"), (2, "Part")]
    assert contents(document, "paragraph") == ["Some bold text\nnext line"]
    assert contents(document, "list_item") == ["3. three", "- inner", "4. four"]
    assert contents(document, "code") == ["if x:\n  y()"]
    assert contents(document, "caption") == ["A duck"]
    assert document.blocks[-1].headings == ("Top", "Part")


def test_scripts_styles_and_navigation_are_dropped() -> None:
    document = _parsed(
        "<body><header><a>Home</a></header><nav>menu</nav><style>p {}</style><p>content</p><script>evil()</script>"
        "<p hidden>secret</p><noscript>enable it</noscript><aside>ad</aside><footer>imprint</footer></body>"
    )

    assert document.text == "content"


def test_the_main_element_alone_is_read_where_it_holds_the_text() -> None:
    text = "the text of the article, which is longer than all the rest of the page"

    assert _parsed(f"<div>sidebar</div><main><p>{text}</p></main><div>related</div>").text == text
    assert "sidebar that" in _parsed("<div>a long sidebar that says a lot</div><main><p>x</p></main>").text


def test_spans_of_a_table_are_resolved() -> None:
    document = _parsed(
        "<table><caption>Ducks</caption><tr><th>a<th>b<th>c<tr><td rowspan=2>x<td colspan=2>y<tr><td>1<td>2"
        "<tr><td>H<sub>2</sub>O<td><p>p</p><p>q</p><td></table>"
    )

    assert contents(document, "caption") == ["Ducks"]
    assert contents(document, "table") == ["a | b | c\nx | y |\nx | 1 | 2\nH2O | p q |"]


def test_a_table_that_lays_out_the_page_is_read_as_its_content() -> None:
    document = _parsed("<table><tr><td><h1>Top</h1><p>text</p></td><td><table><tr><td>a<td>b</table></td></tr></table>")

    assert [block.kind for block in document.blocks] == ["heading", "paragraph", "table"]


def test_a_table_of_data_may_hold_headings_code_and_tables_in_its_cells() -> None:
    document = _parsed(
        "<table><tr><th>name<th>call<tr><td><h4>one</h4><td><pre>do(1)</pre><tr><td>two<td><table><tr><td>x<td>y</table>"
        "</table>"
    )

    assert [document.text] == contents(document, "table") == ["name | call\none | do(1)\ntwo | x y"]


def test_tables_within_tables_without_end_take_no_longer_than_their_text() -> None:
    started = time.process_time()
    _parsed("<table><tr><td>a<td>b<tr><td>c<td>" * 2_000 + "x")

    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("markup", "encoding"),
    [
        ('<meta charset="gb2312"><p>软件工程</p>', "gb18030"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><p>café – 3 €</p>', "cp1252"),
        ('<meta charset="utf-8"><p>café</p>', "latin-1"),
        ('<meta charset="no-such"><p>café</p>', "utf-8"),
        ("<p>软件工程</p>", "utf-16"),
    ],
)
def test_the_encoding_is_the_declared_one_where_it_fits(markup: str, encoding: str) -> None:
    assert _parsed(markup.encode(encoding)).text in markup


def test_nesting_without_end_is_read_all_the_same() -> None:
    assert _parsed("<div>" * 3_000 + "deep").text == "deep"
    assert contents(_parsed("<ul><li>x" * 2_000), "list_item") == ["- x"] * 2_000


def test_huge_spans_cost_little() -> None:
    document = _parsed("<table><tr><th>a<th>b<tr><td rowspan=99999999 colspan=99999999>x<td>y</table>")

    assert contents(document, "table")[0].startswith("a | b")


_TAGS = ["div", "p", "li", "ul", "ol", "table", "tr", "td", "h2", "pre", "caption", "br", "b", "dt", "math"]
_PIECE = st.sampled_from([f"<{slash}{tag}>" for tag in _TAGS for slash in ("", "/")]) | st.text(max_size=5)


@given(st.lists(_PIECE, max_size=30).map("".join))
def test_any_markup_is_sound_or_has_no_text(markup: str) -> None:
    assert rejection_code(lambda: _parsed(markup)) in ("", "no_text")


def test_what_is_dropped_may_hold_more_of_it(tmp_path: Path) -> None:
    page = (
        "<body><nav>One <nav>two <button>three</button></nav> four</nav><p>Kept<a class=headerlink>#</a> text</p>"
        "<div hidden><svg><script>x</script></svg></div><nav><nav><nav>deep</nav></nav></nav><p>The end.</p></body>"
    )
    (tmp_path / "a.html").write_text(page)

    assert parse(tmp_path / "a.html").text == "Kept text\n\nThe end."


def test_a_page_with_very_many_dropped_elements_takes_time_in_proportion(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<body>" + "<p>text <a class=headerlink>#</a></p>" * 40_000)
    started = time.process_time()

    assert len(parse(tmp_path / "a.html").blocks) == 40_000
    assert time.process_time() - started < 15  # half a second; one after the other took minutes
