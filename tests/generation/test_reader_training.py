"""Training on an encoder of a few thousand weights; the task is to mark the word after "is" behind the asked one."""

import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from generation.reader import Reader, Text, best_span
from generation.reader_examples import Epochs, LabelledQuestion, LabelledSet
from generation.reader_input import plain, windows
from generation.reader_judging import UNCALIBRATED, ask, calibrated
from generation.reader_network import lower, upper
from generation.reader_training import ReaderTraining
from generation.reader_weights import ReaderWeights
from generation.training_run import Plan, Report
from retrieval.bert_encoder import BertEncoder
from retrieval.embedding import weights_sha256
from retrieval.errors import ModelUnavailable
from tests.generation.tiny_encoder import HEADS, save_tiny_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


def task(count: int = 120) -> LabelledSet:
    """Passages that call one of two rivers a colour; every third question is about the other river."""
    coin = random.Random(0)
    passages, questions = {}, []
    for number in range(count):
        river, other = coin.sample(["rhine", "danube"], 2)
        colour = coin.choice(["red", "blue", "black"])
        passages[str(number)] = ("", f"it flows into ten countries . the {river} is {colour} . it begins in alps .")
        about, answers = (other, []) if number % 3 == 0 else (river, [colour])
        questions.append(LabelledQuestion(str(number), f"where is the {about} ?", str(number), answers))
    return LabelledSet(passages, questions)


def training(encoder: Path, folder: Path, steps: int, threads: int = 2) -> ReaderTraining:
    plan = Plan(steps, 0, folder, threads, "cpu", torch.float32)
    return ReaderTraining(encoder, Epochs({"rivers": task()}, 0), plan)


def run(made: ReaderTraining, until: int | None = None) -> list[Report]:
    reports: list[Report] = []
    assert made.run(reports.append, lambda: made.step == until) == (until is None)
    return reports


def saved(made: ReaderTraining, encoder: Path, path: Path) -> Reader:
    before = ReaderTraining(
        encoder, Epochs({"rivers": task()}, 0), Plan(1, 0, path, 1, "cpu", torch.float32)
    ).parameters
    layers = {name: value for name, value in before.items() if name.startswith("encoder.")}
    ReaderWeights.trained(weights_sha256(encoder), layers, made.parameters, UNCALIBRATED).save(path)
    return Reader(encoder, 1, weights=path)


@pytest.mark.slow
def test_it_learns_and_what_is_written_answers_as_trained(encoder: Path, tmp_path: Path) -> None:
    made = training(encoder, tmp_path, 400)
    run(made)
    reader = saved(made, encoder, tmp_path / "reader.safetensors")
    found = [one for one in ask(reader, task().questions, task()) if one.question.answers]
    assert sum(one.exact for one in found) / len(found) > 0.9
    examples = Epochs({"rivers": task()}, 1, whole=True).epoch(0)
    calibration = calibrated(reader, examples)
    assert calibration.chance(9.0, 4.0) > calibration.chance(-9.0, -4.0)


def test_a_run_that_was_cut_off_ends_with_the_very_weights_of_one_that_was_not(encoder: Path, tmp_path: Path) -> None:
    whole = training(encoder, tmp_path / "whole", 6, threads=1)
    run(whole)
    run(training(encoder, tmp_path / "cut", 6), until=3)
    again = training(encoder, tmp_path / "cut", 6)
    again.resume()
    assert again.step == 3
    run(again)
    for name, value in whole.parameters.items():
        assert torch.equal(value, again.parameters[name]), name


def test_a_finished_run_goes_on_from_before_its_rate_fell(encoder: Path, tmp_path: Path) -> None:
    run(training(encoder, tmp_path, 5))
    longer = training(encoder, tmp_path, 10)
    longer.resume()
    assert longer.step == 4
    run(longer)
    straight = training(encoder, tmp_path / "straight", 10)
    run(straight)
    for name, value in straight.parameters.items():
        assert torch.equal(value, longer.parameters[name]), name


def test_a_run_cut_short_is_kept_as_it_was_before_its_rate_fell(encoder: Path, tmp_path: Path) -> None:
    run(training(encoder, tmp_path, 100), until=6)
    short = training(encoder, tmp_path, 7)
    short.resume()
    run(short)
    longer = training(encoder, tmp_path, 12)
    longer.resume()
    assert longer.step == 6


def test_it_learns_on_from_a_reader_that_was_written(encoder: Path, tmp_path: Path) -> None:
    before = training(encoder, tmp_path, 6)
    run(before)
    saved(before, encoder, tmp_path / "reader.safetensors")
    made = training(encoder, tmp_path, 6)
    made.start_from(ReaderWeights.read(tmp_path / "reader.safetensors"))
    for name, value in before.parameters.items():
        torch.testing.assert_close(made.parameters[name], value, atol=1e-4, rtol=1e-2)  # kept in a byte each
    assert made.step == 0


def test_it_does_not_start_from_a_reader_of_another_encoder(encoder: Path, tmp_path: Path) -> None:
    foreign = ReaderWeights("another", {}, {}, UNCALIBRATED)
    with pytest.raises(ModelUnavailable, match="another embedding model"):
        training(encoder, tmp_path, 6).start_from(foreign)


def test_there_is_nothing_to_resume_in_an_empty_folder(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        training(encoder, tmp_path, 10).resume()


def test_only_the_upper_layers_and_the_heads_are_trained(encoder: Path, tmp_path: Path) -> None:
    made = training(encoder, tmp_path, 4)
    layers = {name.split(".")[2] for name in made.parameters if name.startswith("encoder.layer.")}
    assert layers == {"4", "5"}
    assert {name for name in made.parameters if not name.startswith("encoder.")} == {
        "span.weight",
        "span.bias",
        "answerable.weight",
        "answerable.bias",
    }


def test_reading_agrees_with_the_network_that_was_trained(encoder: Path, tmp_path: Path) -> None:
    """Another forward pass, and weights rounded to a byte: the same logits."""
    made = training(encoder, tmp_path, 3)
    run(made)
    path = tmp_path / "reader.safetensors"
    saved(made, encoder, path)
    reader = Reader(encoder, 1, BertEncoder.read(encoder, torch.float32), path)
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    frozen = load_file(encoder / "model.safetensors")
    for question in task(9).questions:
        passage = task(9).passages[question.passage][1]
        (window,) = windows(plain(tokenizer), question.text, "", passage)
        tokens = torch.tensor([window.ids])
        mask = torch.ones_like(tokens, dtype=torch.bool)
        with torch.inference_mode():
            spans, answerable = upper(made.parameters, lower(frozen, tokens, mask, HEADS), mask, HEADS)
        (reading,) = reader.read(question.text, [Text("", passage)])
        assert reading.logit == pytest.approx(answerable.item(), abs=0.02)
        assert reading.span is not None
        assert reading.span.margin == pytest.approx(best_span(window, spans[0].numpy()).margin, abs=0.05)
