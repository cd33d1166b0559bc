import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.markdown import parse
from ingest.parsing.types import ParsedDocument
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _parsed(text: str) -> ParsedDocument:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.md"
        path.write_bytes(text.encode("utf-8", "ignore"))
        document = parse(path)
    assert_sound(document)
    return document


def test_headings_lists_code_and_tables_become_blocks() -> None:
    document = _parsed(
        "# Title\n\nSome *text* with `code` and a [link](http://x).\n\n## Part\n\n- one\n- two\n\n3. three\n"
        "4. four\n\n```python\nif x:\n    y()\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )

    assert outline(document) == [(1, "Title"), (2, "Part")]
    assert contents(document, "paragraph") == ["Some text with code and a link."]
    assert contents(document, "list_item") == ["- one", "- two", "3. three", "4. four"]
    assert contents(document, "code") == ["if x:\n    y()"]
    assert contents(document, "table") == ["a | b\n1 | 2"]
    assert document.blocks[-1].headings == ("Title", "Part")
    assert document.title == "Title"


def test_front_matter_gives_the_title_and_no_text() -> None:
    document = _parsed('---\ntitle: "The Guide"\ntags: [a]\n---\n# Start\n\ntext\n')

    assert document.title == "The Guide"
    assert "tags" not in document.text


def test_wrapped_lines_are_joined_and_hard_breaks_kept() -> None:
    assert _parsed("one\ntwo  \nthree\n").text == "one two\nthree"


def test_wrapped_chinese_is_joined_without_spaces() -> None:
    assert _parsed("中文换\n行\n").text == "中文换行"


def test_html_inside_is_read_and_scripts_are_not() -> None:
    document = _parsed("# A\n\n<div><p>inside</p><script>evil()</script></div>\n\nafter\n")

    assert contents(document, "paragraph") == ["inside", "after"]


@given(st.text(alphabet=st.sampled_from("#*-_`|>[]()!<&\\ \n\tab1.中"), max_size=80) | st.text(max_size=60))
def test_any_text_is_sound_or_has_none(text: str) -> None:
    assert rejection_code(lambda: _parsed(text)) in ("", "no_text")
