"""Completing prompts with a chat model."""

import pytest

from generation.completion import PromptCompletion
from retrieval.types import CompletionModel, Prompt
from tests.fakes_generation import ScriptedModel

PROMPT = Prompt("Be brief.", [("Two?", "Three."), ("Four?", "Five.")], "Six?")


def test_a_prompt_becomes_turns_in_order() -> None:
    model = ScriptedModel("Seven.")
    completion: CompletionModel = PromptCompletion(model)
    assert completion.complete(PROMPT, 40, lambda: False) == "Seven."
    roles = [(message.role, message.content) for message in model.prompts[0]]
    assert roles == [
        ("system", "Be brief."),
        ("user", "Two?"),
        ("assistant", "Three."),
        ("user", "Four?"),
        ("assistant", "Five."),
        ("user", "Six?"),
    ]
    assert (model.options[0].max_tokens, model.options[0].temperature) == (40, 0.0)


def test_a_text_that_loops_is_ended_where_it_begins_to() -> None:
    completion = PromptCompletion(ScriptedModel("The ferry leaves the pier. " * 30))
    assert completion.complete(PROMPT, 400, lambda: False).strip() == "The ferry leaves the pier."


def test_cancelling_ends_the_text() -> None:
    assert PromptCompletion(ScriptedModel("One two three.")).complete(PROMPT, 40, lambda: True) == ""


@pytest.mark.parametrize(("max_tokens", "fits"), [(10, True), (11, False)])
def test_a_prompt_fits_with_the_tokens_that_are_to_come(max_tokens: int, fits: bool) -> None:
    completion = PromptCompletion(ScriptedModel(context_tokens=17))
    assert completion.fits(PROMPT, max_tokens) is fits
