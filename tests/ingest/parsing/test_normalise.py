import time

from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.normalise import normalise, single_line, without_blank_lines


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet=st.characters(categories=["L", "N"], max_codepoint=0x2FF)))
def test_letters_and_digits_are_never_lost(text: str) -> None:
    assert len(normalise(text)) <= len(text)
    assert normalise(text).isalnum() or not text


def test_invisible_characters_go_and_line_ends_become_line_feeds() -> None:
    assert normalise("a\u00adb\u200b\ufeff\r\nc\rd\u2028e\x0cf\x07") == "ab\nc\nd\ne\nf"


def test_a_single_line_has_single_spaces() -> None:
    assert single_line(" a \n\t b\u3000c ") == "a b c"


def test_blank_lines_go_and_line_breaks_stay() -> None:
    assert without_blank_lines("\n a \n \n\nb\n") == "a\nb"


def test_long_runs_of_spaces_take_linear_time() -> None:
    started = time.perf_counter()
    normalise("a" + " " * 1_000_000 + "b" + "\n" * 1_000_000)

    assert time.perf_counter() - started < 2
