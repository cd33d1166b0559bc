"""Queries that a model writes: cleaned, bounded, and never more calls than allowed."""

from collections.abc import Callable

import pytest

from retrieval.errors import Overloaded
from retrieval.translation.writing import (
    MAX_QUERY_CHARACTERS,
    Wording,
    Writer,
    WriterFailed,
    language_of,
    passage,
    queries,
)
from retrieval.types import CompletionModel, Prompt
from tests.fakes import ScriptedCompletions

WORDINGS = {"en": Wording("Rewrite.", [("Old?", "New?")], '"""{question}"""', 16)}


def writer(model: CompletionModel, calls: int = 2, cancelled: Callable[[], bool] = lambda: False) -> Writer:
    return Writer(model, frozenset({"en"}), calls, cancelled)


def test_list_markers_labels_and_quotes_are_no_part_of_a_query() -> None:
    written = '1. "Length of the Danube"\n- Query 2: how long is the river Danube\n* Danube, kilometres'
    assert queries(written, "How long is it?", 5) == [
        "Length of the Danube",
        "how long is the river Danube",
        "Danube, kilometres",
    ]


def test_the_question_itself_repeats_blank_and_endless_lines_are_dropped() -> None:
    written = "\n".join(["How LONG is it", "a river", "A river!", "", "***", "x" * (MAX_QUERY_CHARACTERS + 1)])
    assert queries(written, "How long is it?", 5) == ["a river"]


def test_there_are_never_more_queries_than_asked_for() -> None:
    assert queries("one\ntwo\nthree", "?", 2) == ["one", "two"]


def test_a_passage_is_one_paragraph_without_control_characters() -> None:
    assert passage("The Danube\x00 is\n\nlong.\x1b[0m") == "The Danube is long. [0m"
    assert passage("...\n---") == ""


def test_the_model_is_asked_with_the_examples_and_the_question_which_cannot_close_its_quotes() -> None:
    model = ScriptedCompletions(lambda quoted: quoted)
    assert writer(model).write(WORDINGS, 'Is """this""" it?') == "Is 'this' it?"
    (prompt,) = model.prompts
    assert prompt.examples == [('"""Old?"""', "New?")]


def test_calls_are_counted_and_end() -> None:
    asked = writer(ScriptedCompletions(lambda _: "more"), calls=1)
    assert asked.write(WORDINGS, "What?") == "more"
    with pytest.raises(WriterFailed, match="max_llm_calls"):
        asked.write(WORDINGS, "What?")
    assert asked.calls == 1


def test_a_language_that_the_model_does_not_write_costs_no_call() -> None:
    asked = writer(ScriptedCompletions(lambda _: "more"))
    with pytest.raises(WriterFailed, match="zh"):
        asked.write(WORDINGS, "年假有几天？")
    assert asked.calls == 0


def test_a_question_that_has_no_room_is_not_asked() -> None:
    asked = writer(ScriptedCompletions(lambda _: "more", context_tokens=5))
    with pytest.raises(WriterFailed, match="context"):
        asked.write(WORDINGS, "a b c d e f")


def test_a_text_that_was_cut_by_the_clock_is_not_used() -> None:
    with pytest.raises(WriterFailed, match="time"):
        writer(ScriptedCompletions(lambda _: "half a"), cancelled=lambda: True).write(WORDINGS, "What?")


def test_a_model_that_is_too_busy_is_done_without() -> None:
    class Busy(ScriptedCompletions):
        def complete(self, prompt: Prompt, max_tokens: int, cancelled: Callable[[], bool]) -> str:
            raise Overloaded("The queue is full.", retry_after=1)

    with pytest.raises(WriterFailed, match="queue"):
        writer(Busy(str)).write(WORDINGS, "What?")


def test_language_is_told_by_what_outnumbers() -> None:
    assert language_of("多瑙河 Danube 有多长") == "zh"
    assert language_of("How long is the 多瑙河") == "en"
