from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generation.reader import ANSWER_TOKENS, EMBEDDER, Reader, Text, best_span
from generation.reader_input import Window
from generation.reader_network import new_heads
from generation.reader_weights import SHIPPED, AnswerableCalibration, ReaderWeights
from retrieval.bert_encoder import BertEncoder
from retrieval.embedding import weights_sha256
from retrieval.errors import ModelUnavailable
from tests.generation.tiny_encoder import WIDTH, layer_shapes, save_tiny_encoder

QUESTION = "where does the rhine end ?"
PASSAGE = "the rhine begins in alps .  it flows into the north sea ."
MODELS = Path("models")


def weights(folder: Path, path: Path, base: str = "") -> Path:
    """A reader that was never trained: random heads, layers changed a little."""
    generator = torch.Generator().manual_seed(1)
    shapes = layer_shapes(4) | layer_shapes(5)
    differences = {name: torch.randn(shape, generator=generator) * 0.05 for name, shape in shapes.items()}
    heads = {name: value * 50 for name, value in new_heads(WIDTH, 0).items()}
    made = ReaderWeights(base or weights_sha256(folder), differences, heads, AnswerableCalibration(0.1, 1.0, 0.0))
    made.save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny_encoder(tmp_path / "encoder")


@pytest.fixture
def reader(folder: Path, tmp_path: Path) -> Reader:
    exact = BertEncoder.read(folder, torch.float32)  # in bfloat16 padding changes what is rounded
    return Reader(folder, 2, exact, weights(folder, tmp_path / "reader.safetensors"))


def test_spans_are_places_in_the_passage_and_chances_are_chances(reader: Reader) -> None:
    texts = [Text("rhine", PASSAGE), Text("", "danube is blue"), Text("", "it"), Text("danube", PASSAGE * 40)]
    for text, reading in zip(texts, reader.read(QUESTION, texts), strict=True):
        assert reading.span is not None
        marked = text.passage[reading.span.start : reading.span.end]
        assert marked == marked.strip() != ""
        assert 0 <= reading.answerable <= 1


@pytest.mark.parametrize("texts", [[], [Text("rhine", "")], [Text("", " \n ")]])
def test_what_holds_no_text_has_no_answer(reader: Reader, texts: Sequence[Text]) -> None:
    readings = reader.read(QUESTION, texts)
    assert [(reading.span, reading.answerable) for reading in readings] == [(None, 0.0)] * len(texts)


def test_what_is_read_beside_a_passage_does_not_change_what_is_found_in_it(reader: Reader) -> None:
    alone = reader.read(QUESTION, [Text("", PASSAGE)])[0]
    beside = reader.read(QUESTION, [Text("", "danube " * 90), Text("", PASSAGE), Text("", "it is")])[1]
    assert alone.span is not None
    assert beside.span is not None
    assert (alone.span.start, alone.span.end) == (beside.span.start, beside.span.end)
    assert beside.logit == pytest.approx(alone.logit, abs=1e-3)


def test_a_shared_encoder_gives_the_same_and_stays_as_it_was(folder: Path, tmp_path: Path) -> None:
    path = weights(folder, tmp_path / "reader.safetensors")
    shared = BertEncoder.read(folder, torch.float32)
    assert shared is not None
    tokens = torch.tensor([[0, 5, 6, 7, 2]])
    with torch.inference_mode():
        before = shared(tokens, [5])
        own = Reader(folder, 1, BertEncoder.read(folder, torch.float32), path).read(QUESTION, [Text("", PASSAGE)])
        assert Reader(folder, 1, shared, path).read(QUESTION, [Text("", PASSAGE)]) == own
        assert torch.equal(shared(tokens, [5]), before)


def test_weights_of_another_model_are_refused(folder: Path, tmp_path: Path) -> None:
    path = weights(folder, tmp_path / "reader.safetensors", base="0" * 64)
    with pytest.raises(ModelUnavailable, match="other weights"):
        Reader(folder, 1, weights=path)


def test_a_missing_embedder_and_missing_weights_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        Reader(folder, 1, weights=tmp_path / "nothing.safetensors")
    path = weights(folder, tmp_path / "reader.safetensors")
    with pytest.raises(ModelUnavailable, match="models pull"):
        Reader(tmp_path / "nowhere", 1, weights=path)


@given(st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_the_best_span_is_the_best_of_all_that_are_short_enough(tokens: int, seed: int) -> None:
    logits = np.random.default_rng(seed).standard_normal((tokens + 4, 2)).astype(np.float32)
    window = Window(range(tokens + 4), 3, [(place * 2, place * 2 + 1) for place in range(tokens)])
    every = [
        (float(logits[3 + first, 0]) + float(logits[3 + last, 1]), first, last)
        for first in range(tokens)
        for last in range(first, min(first + ANSWER_TOKENS, tokens))
    ]
    score, first, last = max(every)
    found = best_span(window, logits)
    assert (found.start, found.end) == (first * 2, last * 2 + 1)
    assert found.margin == pytest.approx(score - float(logits[0].sum()), abs=1e-4)


@pytest.mark.models
def test_the_reader_that_ships_marks_answers_in_both_languages() -> None:
    reader = Reader(MODELS / EMBEDDER, 2, weights=SHIPPED)
    english = "The ferry to the island leaves from the east pier at 7:40 every morning, except on Sundays in winter."
    chinese = "该图书馆于1987年由王芳创建，现有藏书三万册，每周一闭馆。"
    for question, passage, answer in (
        ("When does the ferry leave?", english, "7:40"),
        ("图书馆是哪一年创建的？", chinese, "1987年"),
    ):
        (reading,) = reader.read(question, [Text("", passage)])
        assert reading.span is not None
        assert answer in passage[reading.span.start : reading.span.end]


def test_each_stretch_is_read_for_itself_and_none_beats_the_whole(reader: Reader) -> None:
    middle = PASSAGE.index(" it flows") + 1
    stretches = [(0, middle - 2), (middle, len(PASSAGE))]
    (reading,) = reader.read(QUESTION, [Text("rhine", PASSAGE, stretches)])
    assert reading.span is not None
    assert len(reading.within) == len(stretches)
    for found, (start, end) in zip(reading.within, stretches, strict=True):
        assert found is not None
        assert start <= found.start < found.end <= end
        assert found.margin <= reading.span.margin + 1e-5
    (whole,) = reader.read(QUESTION, [Text("rhine", PASSAGE, [(0, len(PASSAGE))])])
    assert whole.within == [whole.span]


def test_a_stretch_of_a_long_passage_is_found_in_whichever_window_holds_it(reader: Reader) -> None:
    long = PASSAGE * 40
    place = long.rindex("north sea")
    reading, nothing = reader.read(QUESTION, [Text("", long, [(place, place + 9)]), Text("", "", [(0, 0)])])
    (found,) = reading.within
    assert found is not None
    assert place <= found.start < found.end <= place + 9
    assert nothing.within == [None]
