from collections.abc import Sequence
from dataclasses import replace

import pytest

from generation.passage_choice import distinct, fit_prompt
from generation.types import Message
from retrieval.errors import InvalidRequest
from tests.fakes_generation import passage

HITS = [passage(f"Passage number {number} " + "word " * 40, start=1000 * number, number=number) for number in range(5)]
HISTORY = [Message("user", "first " * 30), Message("assistant", "second " * 30), Message("user", "third " * 30)]


def words(messages: Sequence[Message]) -> int:
    return sum(len(message.content.split()) for message in messages)


def test_all_passages_go_in_where_there_is_room() -> None:
    prompt = fit_prompt("What?", [], HITS, words, 10_000)
    assert list(prompt.passages) == HITS
    assert prompt.tokens == words(prompt.messages)
    assert prompt.forgotten_turns == 0


def test_whole_passages_are_dropped_from_the_tail_until_the_prompt_fits() -> None:
    limit = fit_prompt("What?", [], HITS[:3], words, 10_000).tokens
    prompt = fit_prompt("What?", [], HITS, words, limit)
    assert list(prompt.passages) == HITS[:3]
    assert prompt.tokens == limit
    assert all(any(hit.chunk.text.strip() in message.content for message in prompt.messages) for hit in HITS[:3])


def test_the_oldest_turns_go_before_the_last_passage_does() -> None:
    limit = fit_prompt("What?", HISTORY[2:], HITS[:1], words, 10_000).tokens
    prompt = fit_prompt("What?", HISTORY, HITS, words, limit)
    assert prompt.forgotten_turns == 2
    assert list(prompt.passages) == HITS[:1]
    assert "third" in prompt.messages[-1].content
    assert "first" not in prompt.messages[-1].content


def test_a_long_conversation_takes_no_room_from_more_than_a_few_passages() -> None:
    history = [Message("user", f"question {number} " + "and so on " * 20) for number in range(40)]
    alone = fit_prompt("What?", [], HITS, words, 10_000).tokens
    prompt = fit_prompt("What?", history, HITS, words, alone)
    assert len(prompt.passages) >= 3
    assert prompt.forgotten_turns > 0
    assert "question 39" in prompt.messages[-1].content


def test_a_question_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="shorten"):
        fit_prompt("why " * 500, HISTORY, HITS, words, 300)


def test_repetitions_of_a_better_passage_are_left_out() -> None:
    text = "The Danube passes through ten countries on its way to the Black Sea."
    best = passage(text, start=100, number=1)
    shifted = passage(text[20:] + " It is long.", start=120, number=2)
    copied = passage(text, start=5000, number=3, document="Copy")
    neighbour = passage("Another text that follows.", start=100 + len(text), number=4)
    summary = replace(shifted, chunk=replace(shifted.chunk, level=1))
    assert distinct([best, shifted, copied, neighbour, summary]) == [best, neighbour, summary]
