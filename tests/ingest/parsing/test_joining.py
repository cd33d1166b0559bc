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
