import torch
from torch import Tensor

from generation.sampling import Sampler
from generation.types import GenerationOptions

LOGITS = torch.tensor([0.0, 3.0, 2.0, 1.0, -5.0])


def choices(options: GenerationOptions, logits: Tensor = LOGITS, count: int = 300) -> list[int]:
    sampler = Sampler(options)
    return [sampler.choose(logits) for _ in range(count)]


def test_temperature_zero_takes_the_likeliest_token() -> None:
    assert set(choices(GenerationOptions(temperature=0.0, seed=1), count=5)) == {1}


def test_the_same_seed_makes_the_same_choices_whatever_else_draws_numbers() -> None:
    first = choices(GenerationOptions(temperature=1.0, seed=7))
    torch.rand(5)
    assert choices(GenerationOptions(temperature=1.0, seed=7)) == first
    assert choices(GenerationOptions(temperature=1.0, seed=8)) != first
    assert len(set(first)) > 2


def test_top_k_leaves_only_the_k_likeliest_tokens() -> None:
    assert set(choices(GenerationOptions(temperature=2.0, top_k=2, seed=1))) == {1, 2}


def test_top_p_leaves_the_fewest_tokens_that_reach_it() -> None:
    # softmax of the logits: 0.64, 0.24, 0.09, 0.03, 0.0002 from the likeliest on
    assert set(choices(GenerationOptions(temperature=1.0, top_p=0.6, seed=1))) == {1}
    assert set(choices(GenerationOptions(temperature=1.0, top_p=0.7, seed=1))) == {1, 2}
    assert set(choices(GenerationOptions(temperature=1.0, top_p=0.0, seed=1))) == {1}


def test_samples_follow_the_softmax_of_the_scaled_logits() -> None:
    drawn = choices(GenerationOptions(temperature=0.5, seed=3), count=4000)
    expected = (LOGITS / 0.5).softmax(dim=0)
    for token in range(len(LOGITS)):
        assert abs(drawn.count(token) / len(drawn) - float(expected[token])) < 0.03
