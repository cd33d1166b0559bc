from pathlib import Path

import pytest
import torch

from generation.engine import Engine
from generation.kv_cache import PrefixStore
from generation.request import PromptTokens
from generation.types import GenerationOptions
from tests.generation.reference_decoder import ReferenceDecoder
from tests.generation.tiny_models import save_tiny_llama

PROMPTS = [[7, 3, 200, 44, 91, 12], [5, 5, 130], [77, 18, 240, 9, 9, 9, 31, 8]]


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> ReferenceDecoder:
    return ReferenceDecoder(save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny"))


def searched(
    decoder: ReferenceDecoder, prompt: list[int], options: GenerationOptions, ends: frozenset[int]
) -> list[int]:
    engine = Engine(decoder, PrefixStore(10**6))
    return list(engine.complete(PromptTokens(prompt), options, ends, lambda: False)[1])


def generated(
    decoder: ReferenceDecoder, prompt: list[int], options: GenerationOptions, ends: frozenset[int]
) -> list[int]:
    given = torch.tensor([prompt])
    said = decoder.model.generate(
        given,
        attention_mask=torch.ones_like(given),
        max_new_tokens=options.max_tokens,
        num_beams=options.beams,
        do_sample=False,
        repetition_penalty=options.repetition_penalty,
        eos_token_id=sorted(ends),
        pad_token_id=min(ends),
    )[0, len(prompt) :].tolist()
    return said[: next((place for place, token in enumerate(said) if token in ends), len(said))]


@pytest.mark.parametrize("beams", [2, 3, 5])
@pytest.mark.parametrize("penalty", [1.0, 1.3])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_beams_find_what_generate_of_transformers_finds(
    decoder: ReferenceDecoder, prompt: list[int], beams: int, penalty: float
) -> None:
    options = GenerationOptions(max_tokens=12, beams=beams, repetition_penalty=penalty)
    never = frozenset({256})
    assert searched(decoder, prompt, options, never) == generated(decoder, prompt, options, never)
    # The tokens that a free search would take end this one somewhere in the middle.
    ends = frozenset(searched(decoder, prompt, options, never)[4:7])
    assert searched(decoder, prompt, options, ends) == generated(decoder, prompt, options, ends)


def test_a_search_says_why_it_ended_and_shares_steps_with_others(tmp_path: Path, decoder: ReferenceDecoder) -> None:
    engine = Engine(decoder, PrefixStore(0))
    options = GenerationOptions(max_tokens=6, beams=3)
    completion, said = engine.complete(PromptTokens(PROMPTS[0]), options, frozenset({256}), lambda: False)
    other = engine.complete(PromptTokens(PROMPTS[1]), GenerationOptions(max_tokens=6), frozenset({256}), lambda: False)
    alone = searched(decoder, PROMPTS[1], GenerationOptions(max_tokens=6), frozenset({256}))
    assert list(said) == generated(decoder, PROMPTS[0], options, frozenset({256}))
    assert list(other[1]) == alone
    assert completion.reason == "length"


def test_a_cancelled_search_gives_nothing(decoder: ReferenceDecoder) -> None:
    looks = iter([False] * 3 + [True] * 100)
    completion, said = Engine(decoder, PrefixStore(0)).complete(
        PromptTokens(PROMPTS[0]), GenerationOptions(max_tokens=50, beams=2), frozenset({256}), lambda: next(looks)
    )
    assert list(said) == []
    assert completion.reason == "cancelled"
