"""Training on a random model of a few thousand weights: every question learns as if it had been asked alone."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from generation.adapter_lessons import Asked, Lesson, Lessons
from generation.adapter_training import AdapterTraining
from generation.llama_shape import LlamaShape
from generation.lora import load_adapter
from generation.prompts import tuned_messages
from generation.reader_examples import LabelledQuestion, LabelledSet
from generation.training_run import Plan, Report
from generation.transformers_model import TransformersModel
from generation.types import Message
from retrieval.errors import InvalidRequest
from tests.generation.tiny_models import save_tiny_llama

LESSON = Lesson(
    ["The red river is long.", "The blue one is short."],
    [
        Asked("which is long?", (), "red [1]"),
        Asked("which is short?", (Message("user", "which is long?"), Message("assistant", "red [1]")), "blue [2]"),
        Asked("which is green?", (), "The documents do not say."),
    ],
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny")


def lessons() -> Lessons:
    passages = {str(number): ("", f"The {word} river is long.") for number, word in enumerate(["red", "blue", "old"])}
    questions = [
        LabelledQuestion(f"{number}-{again}", "which river is long?", str(number), [word])
        for number, word in enumerate(["red", "blue", "old"])
        for again in range(4)
    ]
    return Lessons({"rivers": LabelledSet(passages, questions)}, 0)


def training(tiny: Path, folder: Path, steps: int, threads: int = 1) -> AdapterTraining:
    return AdapterTraining(tiny, lessons(), Plan(steps, 0, folder, threads, "cpu", torch.float32))


def run(made: AdapterTraining, until: int | None = None) -> list[Report]:
    reports: list[Report] = []
    assert made.run(reports.append, lambda: made.position.step == until) == (until is None)
    return reports


def test_several_questions_to_a_prompt_have_the_losses_that_each_has_alone(tiny: Path, tmp_path: Path) -> None:
    made = training(tiny, tmp_path, 3)
    run(made)  # an adapter that adds something
    together = made.loss(LESSON)
    alone = [made.loss(Lesson(LESSON.passages, [one])) for one in LESSON.asked]
    assert together == pytest.approx(sum(alone) / 3, rel=1e-5)
    assert len({round(loss, 4) for loss in alone}) == 3


def test_what_is_learnt_is_what_the_service_asks_and_ends_where_the_turn_ends(tiny: Path, tmp_path: Path) -> None:
    made = training(tiny, tmp_path, 3)
    model = TransformersModel(tiny, 1)
    for one in LESSON.asked:
        tree = made.tree(Lesson(LESSON.passages, [one]))
        prompt = model.count_tokens(tuned_messages(one.question, one.history, LESSON.passages))
        assert len(tree.tokens) == prompt + len(tree.answers) - 1
        assert tree.predicting[0] == prompt - 1  # the last token of the prompt predicts the first of the answer
        assert torch.equal(tree.tokens[prompt:], tree.answers[:-1])
        assert tree.weights.sum() == pytest.approx(1)


def test_what_is_written_answers_as_trained(tiny: Path, tmp_path: Path) -> None:
    made = training(tiny, tmp_path / "run", 40)
    lesson = lessons().epoch(0)[0]
    before = made.loss(lesson)
    run(made)
    assert made.loss(lesson) < 0.9 * before
    made.write(tmp_path / "adapter")
    shape = LlamaShape.read(tiny)
    assert shape is not None
    weights = load_adapter(tmp_path / "adapter", shape)
    assert len(weights) == 2 * 7
    assert all(up.abs().sum() > 0 for _, up in weights.values())
    adapted = TransformersModel(tiny, 1, adapters={"a": tmp_path / "adapter"}, exact=True).with_adapter("a")
    asked = LESSON.asked[0]
    (score,) = adapted.score(tuned_messages(asked.question, (), LESSON.passages), [asked.answer])
    alone = Lesson(LESSON.passages, [asked])
    trained = made.loss(alone) * len(made.tree(alone).answers)  # summed, the end of the turn included
    assert 0.5 * trained < -score.log_likelihood < trained
    assert len(load_file(tmp_path / "adapter" / "adapter_model.safetensors")) == 2 * 14


def test_a_run_that_was_cut_off_ends_with_the_very_weights_of_one_that_was_not(tiny: Path, tmp_path: Path) -> None:
    whole = training(tiny, tmp_path / "whole", 6, threads=2)
    run(whole)
    run(training(tiny, tmp_path / "cut", 6), until=3)
    again = training(tiny, tmp_path / "cut", 6)
    again.resume()
    assert (again.position.step, again.position.examples > 0) == (3, True)
    run(again)
    for name, value in whole.parameters.items():
        assert torch.equal(value, again.parameters[name]), name


def test_only_the_adapter_learns(tiny: Path, tmp_path: Path) -> None:
    made = training(tiny, tmp_path, 2)
    before = made.parameters["base_model.model.model.layers.0.mlp.up_proj.lora_B.weight"].clone()
    run(made)
    assert all(".lora_" in name for name in made.parameters)
    assert not torch.equal(before, made.parameters["base_model.model.model.layers.0.mlp.up_proj.lora_B.weight"])


def test_sets_that_make_no_lesson_are_refused(tiny: Path, tmp_path: Path) -> None:
    nothing = Lessons({"empty": LabelledSet({"1": ("", "Red.")}, [])}, 0)
    with pytest.raises(InvalidRequest, match="no two questions"):
        AdapterTraining(tiny, nothing, Plan(3, 0, tmp_path, 1, "cpu", torch.float32)).run(print, lambda: False)
