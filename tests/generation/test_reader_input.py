import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel

from generation.reader_input import (
    OVERLAP_TOKENS,
    QUESTION_TOKENS,
    TITLE_TOKENS,
    WINDOW_TOKENS,
    plain,
    title_of,
    token_span,
    windows,
)


def tokenizer() -> Tokenizer:
    made = Tokenizer(WordLevel({"<unk>": 3}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


@given(st.integers(1, 900), st.integers(0, 899), st.integers(1, OVERLAP_TOKENS - 1))
def test_every_stretch_shorter_than_the_overlap_is_whole_in_some_window(words: int, first: int, length: int) -> None:
    passage = " ".join(f"w{number:03}" for number in range(words))
    first = min(first, words - 1)
    last = min(first + length, words) - 1
    start, end = first * 5, last * 5 + 4
    found = windows(plain(tokenizer()), "who ?", "a title", passage)
    spans = [span for window in found if (span := token_span(window, start, end))]
    assert spans
    for window in found:
        span = token_span(window, start, end)
        if span is not None:
            places = [window.offsets[place - window.first] for place in span]
            assert passage[places[0][0] : places[1][1]] == passage[start:end]


def test_a_passage_of_ordinary_length_is_read_at_once_after_question_and_title() -> None:
    (window,) = windows(plain(tokenizer()), "where ?", "Rhine", "It ends in the sea .")
    assert window.ids == [0, 3, 3, 2, 3, 2, 3, 3, 3, 3, 3, 3, 2]
    assert window.first == 6
    assert window.offsets[0] == (0, 2)


def test_a_long_question_and_title_leave_room_for_the_passage() -> None:
    found = windows(plain(tokenizer()), "why " * 500, "title " * 500, "word " * 400)
    assert all(window.first == QUESTION_TOKENS + TITLE_TOKENS + 3 for window in found)
    assert all(len(window.ids) <= WINDOW_TOKENS for window in found)
    assert all(len(window.offsets) > OVERLAP_TOKENS for window in found[:-1])


@pytest.mark.parametrize("passage", ["", "  \n "])
def test_a_passage_without_text_has_no_window(passage: str) -> None:
    assert not windows(plain(tokenizer()), "where ?", "", passage)


def test_an_answer_that_a_window_cuts_is_not_in_it() -> None:
    found = windows(plain(tokenizer()), "q", "", "word " * 400)
    cut = found[0].offsets[-1][1]
    assert token_span(found[0], cut - 4, cut + 5) is None
    assert token_span(found[1], cut - 4, cut + 5) is not None


def test_a_table_that_goes_on_is_read_under_the_names_of_its_columns_first() -> None:
    assert title_of(("Handbook", "Leave", "Years | Days"), "handbook.pdf") == "Years | Days > Leave"
    assert title_of(("Years | Days",), "handbook.pdf") == "Years | Days"
    assert title_of(("Handbook", "Leave"), "handbook.pdf") == "Handbook > Leave"
    assert title_of((), "handbook.pdf") == "handbook.pdf"
