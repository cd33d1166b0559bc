"""Logical routing: which source a question is meant for."""

import pytest

from retrieval.routing.logical import chances
from retrieval.routing.names import SOURCES
from retrieval.routing.small_talk import is_small_talk

FITS = {"tables": 3.0, "written": 1.0, "covered": 1.0, "values": 1.0}
FITS_NOT = {"tables": 3.0, "covered": 0.0}


@pytest.mark.parametrize(
    ("question", "of_tables", "source"),
    [
        ("How many orders came from Germany?", FITS, "tables"),
        ("What is the total of all payments in 2024?", FITS, "tables"),
        ("Why was the project delayed?", FITS_NOT, "documents"),
        ("How do I replace the filter?", FITS_NOT, "documents"),
        ("How is Ann Berg connected to the supplier?", FITS_NOT, "graph"),
        ("哪些文件提到了总经理？", FITS_NOT, "graph"),
        ("怎样更换滤芯？", FITS_NOT, "documents"),
        ("一共有多少个订单？", FITS, "tables"),
    ],
)
def test_the_likeliest_source_is_the_one_that_is_meant(question: str, of_tables: dict[str, float], source: str) -> None:
    found = chances(question, of_tables)
    assert max(found, key=lambda name: found[name]) == source


@pytest.mark.parametrize("question", ["", "?", "1" * 50_000, "how many " * 5_000, "\ud7ff \u0000 关系"])
def test_chances_are_shares_whatever_is_asked(question: str) -> None:
    found = chances(question, {})
    assert set(found) == set(SOURCES)
    assert sum(found.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["Hello!", "thanks a lot", "Good morning, how are you?", "你好", "谢谢你！"])
def test_small_talk_is_known(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    ["Hello, how many days of leave are there?", "thanksgiving hours", "What is a test?", "", "yes or no: is it open?"],
)
def test_what_asks_for_something_is_no_small_talk(text: str) -> None:
    assert not is_small_talk(text)
