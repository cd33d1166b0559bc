from collections.abc import Sequence

import pytest

from generation.conversation_memory import gist, remembered
from generation.types import Message

HISTORY = [
    Message("user", "Who takes leave? " + "Please say it in full. " * 10),
    Message("assistant", "Everybody does [1]. " + "There is more to say about it [2]. " * 10),
    Message("user", "And how many days?"),
    Message("assistant", "27 days [1]."),
]


def words(messages: Sequence[Message]) -> int:
    return sum(len(message.content.split()) for message in messages)


def test_a_history_that_has_room_stays_as_it_was() -> None:
    known = remembered(HISTORY, words, 10_000)
    assert (list(known.turns), known.shortened, known.forgotten) == (HISTORY, 0, 0)


def test_of_older_turns_a_line_is_left_and_the_latest_are_whole() -> None:
    known = remembered(HISTORY, words, 60)
    assert list(known.turns[2:]) == HISTORY[2:]
    assert known.turns[1].content == "Everybody does."
    assert known.turns[0].content.startswith("Who takes leave?")
    assert (known.shortened, known.forgotten) == (2, 0)


def test_no_turn_is_whole_that_is_older_than_a_shortened_one() -> None:
    history = [
        Message("assistant", "It is closed [1]. It opens at nine [2]."),
        Message("assistant", "No [1]. " + "Much more could be said of it. " * 10),
        Message("user", "And then?"),
    ]
    known = remembered(history, words, 40)
    assert [turn.content for turn in known.turns] == ["It is closed.", "No.", "And then?"]


@pytest.mark.parametrize("limit", range(0, 120, 7))
def test_what_is_remembered_never_has_more_than_its_share_and_ends_with_the_latest(limit: int) -> None:
    known = remembered(HISTORY, words, limit)
    assert words(known.turns) <= limit
    assert len(known.turns) + known.forgotten == len(HISTORY)
    assert 0 <= known.shortened <= len(known.turns)
    assert [turn.role for turn in known.turns] == [turn.role for turn in HISTORY[known.forgotten :]]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            "No sentence answers this for certain. The likeliest:\n- “It ends\nin May.” [1]\n- “No.” [2]",
            "It ends in May.",
        ),
        ("It ends in May [1]. Or later [2].", "It ends in May."),
        ("五月结束。[1]也许更晚。", "五月结束。"),
        ("", ""),
    ],
)
def test_of_an_answer_the_first_quote_or_sentence_is_left(answer: str, line: str) -> None:
    assert gist(Message("assistant", answer)) == line


def test_a_question_is_left_whole_but_for_its_length() -> None:
    assert gist(Message("user", "What is “leave”? And who\ntakes it?")) == "What is “leave”? And who takes it?"
    long = gist(Message("user", "word " * 100))
    assert len(long) <= 202
    assert long.endswith("word …")
