import pytest

from bench.corpora import Question
from bench.llm_judge import kappa, verdict
from generation.completion import PromptCompletion
from tests.fakes_generation import ScriptedModel

QUESTION = Question("q", "Where does the Rhine end?", ["the North Sea"], frozenset({"p"}), True)


@pytest.mark.parametrize(
    ("said", "expected"), [("Yes.", True), ("no", False), ("是。", True), ("It is hard to say", None), ("", None)]
)
def test_a_verdict_is_yes_or_no_or_none(said: str, expected: bool | None) -> None:
    model = ScriptedModel(said)
    assert verdict(PromptCompletion(model), QUESTION, "in the North Sea") is expected
    asked = model.prompts[0][-1].content
    assert all(text in asked for text in (QUESTION.text, "the North Sea", "in the North Sea"))


def test_kappa_is_agreement_beyond_chance() -> None:
    assert kappa([True, False], [True, False]) == 1
    assert kappa([True, True], [True, True]) == 1
    assert kappa([True, True, False, False], [True, False, True, False]) == pytest.approx(0)
    assert kappa([True, False], [False, True]) == pytest.approx(-1)
