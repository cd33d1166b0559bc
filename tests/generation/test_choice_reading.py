from pathlib import Path

import pytest
import torch

from generation.engine import Engine
from generation.kv_cache import PrefixStore
from generation.llama import LlamaDecoder
from generation.llama_shape import LlamaShape
from generation.plain_decoding import PlainDecoding
from generation.request import PIECE, PromptTokens
from generation.transformers_model import TransformersModel
from generation.types import Message
from retrieval.errors import InvalidRequest
from tests.generation.reference_decoder import ReferenceDecoder
from tests.generation.tiny_models import save_tiny_llama, save_tiny_neox

PROMPT = [7, 3, 200, 44, 91, 12]
CHOICES = [[5], [5, 130, 77], [18, 240, 9, 9], [5, 130]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny")


def likelihoods(decoder: ReferenceDecoder, choice: list[int]) -> list[float]:
    """By one reading of prompt and choice."""
    rows = decoder.model(torch.tensor([[*PROMPT, *choice]])).logits[0].detach().log_softmax(dim=1)
    return [float(rows[len(PROMPT) - 1 + place, token]) for place, token in enumerate(choice)]


def test_choices_are_as_likely_as_when_each_is_read_alone(tiny: Path) -> None:
    decoder = ReferenceDecoder(tiny)
    found = list(Engine(decoder, PrefixStore(10**6)).score(PromptTokens(PROMPT), CHOICES, lambda: False))
    for each, choice in zip(found, CHOICES, strict=True):
        assert each == pytest.approx(likelihoods(decoder, choice), abs=1e-4)


def test_many_choices_are_read_in_several_pieces_and_in_order(tiny: Path) -> None:
    decoder = ReferenceDecoder(tiny)
    many = [[number % 250, *range(1, 60)] for number in range(2 * PIECE // 60 + 3)]
    found = list(Engine(decoder, PrefixStore(0)).score(PromptTokens(PROMPT), many, lambda: False))
    assert [len(each) for each in found] == [60] * len(many)
    assert found[-1] == pytest.approx(likelihoods(decoder, many[-1]), abs=1e-4)


def test_the_llama_decoder_keeps_branches_apart(tiny: Path) -> None:
    shape = LlamaShape.read(tiny)
    assert shape is not None
    decoder = LlamaDecoder(tiny, shape, torch.float32)
    cache = decoder.new_cache(64)
    decoder.read(PROMPT, cache)
    for branch, rows in zip(CHOICES, decoder.read_branches(CHOICES, cache), strict=True):
        alone = decoder.new_cache(64)
        decoder.read(PROMPT, alone)
        singly = torch.stack([decoder.read([token], alone) for token in branch])
        assert torch.allclose(rows, singly, atol=1e-4)
    assert cache.length == len(PROMPT)


def test_plain_decoding_scores_the_same(tiny: Path) -> None:
    found = list(PlainDecoding(tiny, torch.float32).score(PromptTokens(PROMPT), CHOICES, lambda: False))
    decoder = ReferenceDecoder(tiny)
    for each, choice in zip(found, CHOICES, strict=True):
        assert each == pytest.approx(likelihoods(decoder, choice), abs=1e-4)


@pytest.mark.parametrize("save", [save_tiny_llama, save_tiny_neox])
def test_a_model_scores_texts_and_refuses_empty_ones(tmp_path: Path, save: "type[Path]") -> None:
    model = TransformersModel(save(tmp_path / "model"), threads=1)
    scores = model.score([Message("user", "Which?")], ["yes", "no, never"])
    assert [len(score.token_log_likelihoods) for score in scores] == [3, 9]  # a token a character
    assert scores[0].log_likelihood == pytest.approx(3 * scores[0].per_token)
    assert scores[0].log_likelihood < 0
    assert model.score([Message("user", "Which?")], []) == []
    with pytest.raises(InvalidRequest, match="empty"):
        model.score([Message("user", "Which?")], ["yes", ""])
