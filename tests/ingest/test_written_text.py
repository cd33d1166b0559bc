"""What of a model's text may stand for a chunk."""

import pytest

from ingest.written_text import usable_questions, usable_summary

SOURCE = (
    "Ferries > Timetable\n"
    "The ferry to Havnby leaves the northern pier at 7:30 on weekdays. It carries 1,200 passengers and was built by "
    "Lindqvist in 1998. Bicycles travel free of charge."
)


@pytest.mark.parametrize(
    "written",
    [
        "The ferry to Havnby carries 1200 passengers.",
        "Lindqvist's ferry was built in 1998, and bicycles travel free of charge.",
        "Summary: The ferry leaves the pier on weekdays.",
    ],
)
def test_a_sentence_whose_names_and_numbers_the_chunk_has_is_kept(written: str) -> None:
    assert usable_summary(written, SOURCE) == written.removeprefix("Summary: ")


@pytest.mark.parametrize(
    "written",
    [
        "The ferry to Havnby carries 1,300 passengers.",  # a number
        "The ferry to Havnby carries twelve passengers.",  # in words
        "The ferry to Oslo leaves the northern pier.",  # a name
        "Pedersen built the ferry to Havnby in 1998.",  # a name that opens the sentence
        "Fish swim quickly through cold deep water under the ferry.",  # of something else
        "The ferry to Havnby leaves the northern pier at",  # cut off
        "It is so.",
        "",
        "…\n\n???",
    ],
)
def test_a_sentence_that_may_be_invented_or_says_nothing_is_dropped(written: str) -> None:
    assert usable_summary(written, SOURCE) == ""


def test_the_sound_sentences_stay_each_once() -> None:
    written = "The ferry leaves on weekdays. The ferry leaves on weekdays. It was built by Olsen. Bicycles travel free"
    assert usable_summary(written, SOURCE) == "The ferry leaves on weekdays."


def test_questions_lose_their_numbering_and_come_once() -> None:
    written = (
        "1. When does the ferry leave?\n- Who built the ferry to Havnby?\nQ2: When does the ferry leave?\nA ferry."
    )
    assert usable_questions(written, SOURCE) == ["When does the ferry leave?", "Who built the ferry to Havnby?"]


@pytest.mark.parametrize(
    "written",
    [
        "How many countries does the Danube pass through?",  # copied from the prompt
        "What does this text say about the ferry to Havnby?",
        "When did the ferry sink in 1999?",
        "What is it?",
        "Which 12 ferries leave Havnby?",
    ],
)
def test_a_question_that_the_chunk_cannot_be_asked_is_dropped(written: str) -> None:
    assert usable_questions(written, SOURCE) == []


def test_chinese_is_checked_alike() -> None:
    source = "渡轮每天七点三十分从北码头出发，可载1200名乘客。自行车免费。"
    assert usable_questions("渡轮几点从北码头出发？\n渡轮可载多少名乘客？", source) == [
        "渡轮几点从北码头出发？",
        "渡轮可载多少名乘客？",
    ]
    assert usable_summary("渡轮可载1300名乘客。渡轮八点三十分出发。渡轮从北码头出发。", source) == "渡轮从北码头出发。"
