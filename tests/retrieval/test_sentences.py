import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import on_one_line, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["It fell.", "It rose!", "Why?", "Nobody knows"],
        ["Dr. J. K. Rowling met Mr. Smith in the U.S.", "The price was $3.14.", "It fell."],
        ['"Why?" he asked.', '"Go."', "She left."],
        ["See Fig. 2 and No. 5 (p. 17).", "Apple Inc. was founded in Jan. 1976 by S. Jobs et al.", "They won."],
        ["They met at 5 p.m. Monday.", "He works at Acme Inc.", "The firm is big."],
        ["The answer is no.", "Ask again."],
        ["Yahoo! is a firm.", "He likes e.g. tea, i.e. leaves."],
        ["It runs on v1.2.3 of foo.bar and costs 1,000.50 dollars.", "That is all...", "Or is it?"],
        ["Fact one.[1]", "Fact two. [2]", "Fact three [3].", "Fact four.[4, 5]"],
        ["Was it a cat I saw?", "Yes, it was I.", "Nobody else."],
    ],
)
def test_english_sentences_end_where_a_reader_ends_them(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["版本 3.0 发布了。", "下一句！", "真的吗？", "完"],
        ["他说：“走吧。”", "她走了。"],
        ["GDP增长5.3%。", "2020年！！", "（见下文。）", "是的……也许。"],
        ["成立于1864年。【2】", "以烤鸭闻名。[1]", "下一句"],
    ],
)
def test_chinese_sentences_end_without_a_space(expected: list[str]) -> None:
    assert sentences("".join(expected)) == expected


def test_lists_rows_and_paragraphs_end_sentences_but_wrapped_lines_do_not() -> None:
    text = "A heading\n\nA wrapped\nline ends here.\n1. First item\n2. Second item\n- a bullet"
    text += "\n一、引言\n\na | b\nc | d\nlast"
    assert sentences(text) == [
        "A heading",
        "A wrapped\nline ends here.",
        "1. First item",
        "2. Second item",
        "- a bullet",
        "一、引言",
        "a | b",
        "c | d",
        "last",
    ]


def test_labelled_lines_are_sentences_of_their_own_but_a_label_in_wrapped_prose_is_not() -> None:
    head = ["Date:       Tuesday 18 March, 19:00 to 21:25", "Place:      Common room", "Present (all day): 31 of 44"]
    assert sentences("\n".join(head)) == head
    assert sentences("时间：三月十八日\n地点：二楼会议室") == ["时间：三月十八日", "地点：二楼会议室"]
    prose = "The two of them settled it with\nCarter: he was to pay half of\nwhat the roof had cost."
    assert sentences(prose) == [prose]
    wrapped = "Chair: the oldest of those who\nare present. See http://a.example\nand ask."
    assert len(sentences(wrapped)) == 2


TITLE = ["HARBOUR HISTORY GROUP", "Tape 7, side B", "Conversation with Ada Quill, rope maker, at her workshop in May"]


@pytest.mark.parametrize(
    "lines",
    [
        TITLE,
        ["云杉里社区图书馆", "二〇二五年二月十日起施行，由图书馆理事会负责解释"],
        ["Remarks", "The roof is mended in summer, because the builder cannot start before June."],
    ],
)
def test_lines_that_end_long_before_they_are_full_are_sentences_of_their_own(lines: list[str]) -> None:
    assert sentences("\n".join(lines)) == lines


@pytest.mark.parametrize(
    "wrapped",
    [
        "The rope was made by hand until\nAda bought the machine, which ran\nEngland's longest walk.",
        "She sold it to the\nHarbour Company, whose ships had always used her ropes.",  # the line goes on
        "Of all her customers,\nBrandt was the one who never paid before the ship was out.",
        "The managing director of the company is\nAda Quill, who has run it ever since the fire of the year before.",
        "Questions go to the office of Dr.\nQuill, who answers all of them within three days or a week.",
        "Please write to The\nHarbour Company, whose office is open on every day of the week but one.",
        "系统要求请安装下列任意一种操作系统软件并保持\n联网：Microsoft Windows 10 Professional\n或更高版本。",
        "It burnt\nthree days and nights of the year that everybody remembers for its heat",  # in small letters
    ],
)
def test_a_line_that_is_full_or_that_goes_on_is_no_sentence(wrapped: str) -> None:
    assert sentences(wrapped) == [wrapped]


def test_the_lines_of_another_paragraph_do_not_say_how_long_a_line_may_be() -> None:
    long = "A paragraph whose one line is very much longer than those of the other one below it."
    name = "The Harbour\nHistory Group"
    assert sentences(f"{long}\n\n{name}\n\n{long}") == [long, name, long]


@given(st.text(alphabet=st.sampled_from("aB1 .。!？\n-[]|\"”'（）Mr中"), max_size=60) | st.text(max_size=40))
def test_spans_hold_everything_but_space_in_order_without_overlap(text: str) -> None:
    position = 0
    for start, end in sentence_spans(text):
        assert not text[position:start].strip()
        assert position <= start < end
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "." * 200_000,
        "a. " * 50_000,
        "\n" * 100_000,
        ". [1" * 40_000,
        '"' * 200_000 + ".",
        "Ab\n" * 60_000,
        ("A" * 99 + "\nB\n") * 2_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    started = time.process_time()
    sentence_spans(text)
    assert time.process_time() - started < 5  # under one second; quadratic time would be minutes


@pytest.mark.parametrize(
    ("wrapped", "whole"),
    [
        ("The last\n    loaded boat", "The last loaded boat"),
        ("登记之日起\n一年内，\n一次休完", "登记之日起一年内，一次休完"),
        ("共 3\n天", "共 3 天"),
        ("one  line", "one  line"),
        ("他说\n“好”的", "他说“好”的"),
        ("所谓“一年”\n的期限", "所谓“一年”的期限"),
        ("He said\n“yes”", "He said “yes”"),
        ("a self-\ncontained unit", "a self-contained unit"),
        ("open -\nalways", "open - always"),
    ],
)
def test_a_wrapped_sentence_goes_on_one_line_with_a_space_where_its_writing_has_spaces(
    wrapped: str, whole: str
) -> None:
    assert on_one_line(wrapped) == whole


def test_of_streamed_text_no_line_ends_a_sentence_because_of_those_that_follow() -> None:
    lines = "\n".join(TITLE)
    assert len(sentence_spans(lines)) == len(TITLE)
    assert len(sentence_spans(lines, streamed=True)) == 1
    assert len(sentence_spans("Date: 3 May\nPlace: The Hall", streamed=True)) == 1
    assert len(sentence_spans("- one\n- two", streamed=True)) == 2
