import pytest

from ingest.parsing.joining import SURE_HYPHEN, close_unspaced, compounds_in, join_lines


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["an exam-", "ple of"], "an example of"),
        ([f"an exam{SURE_HYPHEN}", "ple of"], "an example of"),
        (["state-of-the-", "art"], "state-of-the-art"),
        (["an X-", "Ray"], "an X-Ray"),
        (["from 2019-", "2020"], "from 2019-2020"),
        (["a dash -", "and more"], "a dash - and more"),
        (["two", "words"], "two words"),
        (["中文换", "行，", "不加空格"], "中文换行，不加空格"),
        (["用 Python", "编写"], "用 Python 编写"),
        (["한국어", "단어"], "한국어 단어"),
        (["", "  only  ", ""], "only"),
        ([], ""),
    ],
)
def test_wrapped_lines_read_as_before_they_were_wrapped(lines: list[str], joined: str) -> None:
    assert join_lines(lines) == joined


def test_a_compound_that_the_document_writes_with_a_hyphen_keeps_it() -> None:
    compounds = compounds_in(["a well-known case"])

    assert join_lines(["a well-", "known one"], compounds=compounds) == "a well-known one"
    assert join_lines(["a well-", "come one"], compounds=compounds) == "a wellcome one"


def test_hyphens_stay_where_nobody_divides_words() -> None:
    assert join_lines(["cross-", "platform"], hyphenated=False) == "cross- platform"


def test_spaces_between_chinese_characters_are_closed_and_others_are_not() -> None:
    assert close_unspaced("中 文 ，a 字  典 b c") == "中文，a 字典 b c"


def test_two_words_with_a_hyphen_at_a_line_end_are_a_compound_where_no_words_are_divided() -> None:
    lines = ["the next car of that", "generation was a next-", "generation one"]

    assert join_lines(lines[1:], compounds=compounds_in(lines)) == "generation was a next-generation one"


def test_halves_of_a_divided_word_may_be_words_in_typeset_text() -> None:
    lines = ["more is not over, more-", "over it is not as sim-", "ple as an exam-", "ple shows"]

    assert join_lines(lines[:2], compounds=compounds_in(lines)).startswith("more is not over, moreover it")


def test_a_word_that_stands_elsewhere_in_one_piece_is_mended() -> None:
    lines = ["over and over, moreover", "no more, and more-", "over so"]

    assert join_lines(lines[1:], compounds=compounds_in(lines)) == "no more, and moreover so"
