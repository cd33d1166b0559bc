"""The narrowing of choices beside the logits processors of transformers."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from generation.sampling import Repetitions, Sampler
from generation.types import GenerationOptions

VOCABULARY = 12
LOGITS = st.lists(st.floats(-6, 6, width=32), min_size=VOCABULARY, max_size=VOCABULARY, unique=True)
TOKENS = st.lists(st.integers(0, VOCABULARY - 1), max_size=8)


@given(LOGITS, TOKENS, st.floats(0.5, 2))
def test_seen_tokens_become_less_likely_as_in_transformers(
    logits: list[float], seen: list[int], penalty: float
) -> None:
    scores = torch.tensor(logits)
    expected = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([seen], dtype=torch.long), scores[None].clone())
    assert torch.allclose(Repetitions(penalty, seen).lower(scores), expected[0])


@given(
    LOGITS,
    TOKENS,
    st.floats(0.3, 2),
    st.integers(0, VOCABULARY),
    st.floats(0.05, 1),
    st.floats(0, 0.9),
    st.integers(0, 99),
)
def test_what_is_drawn_is_never_what_transformers_would_have_removed(
    logits: list[float], seen: list[int], temperature: float, top_k: int, top_p: float, min_p: float, seed: int
) -> None:
    warpers = [RepetitionPenaltyLogitsProcessor(1.2), TemperatureLogitsWarper(temperature)]
    warpers += [TopKLogitsWarper(top_k)] if top_k else []
    warpers += [TopPLogitsWarper(top_p), MinPLogitsWarper(min_p)]
    scores = LogitsProcessorList(warpers)(torch.tensor([seen], dtype=torch.long), torch.tensor([logits]))[0]
    options = GenerationOptions(
        temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, repetition_penalty=1.2, seed=seed
    )
    for _ in range(5):
        token = Sampler(options, seen).choose(torch.tensor(logits))
        # Where a cumulative sum meets the bound but for rounding, either side is right; so it is of two tokens alike.
        sum_before = float(before(logits, seen, temperature, top_k, token))
        assert scores[token] > -torch.inf or has_twin(logits, seen, token) or abs(sum_before - top_p) < 1e-4


def has_twin(logits: list[float], seen: list[int], token: int) -> bool:
    """Whether another token is just as likely."""
    scores = Repetitions(1.2, seen).lower(torch.tensor(logits))
    return int((scores == scores[token]).sum()) > 1


def before(logits: list[float], seen: list[int], temperature: float, top_k: int, token: int) -> float:
    """The probability of all tokens that are likelier than this one."""
    scores = Repetitions(1.2, seen).lower(torch.tensor(logits)) / temperature
    kept = scores.topk(top_k or VOCABULARY)
    probabilities = kept.values.softmax(0)
    return float(probabilities[kept.values > scores[token]].sum())


def test_min_p_leaves_tokens_that_are_likely_enough_beside_the_likeliest() -> None:
    # softmax: 0.64, 0.24, 0.09, 0.03 from the likeliest on
    logits = torch.tensor([0.0, 3.0, 2.0, 1.0, -5.0])
    sampler = Sampler(GenerationOptions(temperature=1.0, min_p=0.2, seed=1))
    assert {sampler.choose(logits) for _ in range(300)} == {1, 2}


def test_a_greedy_choice_avoids_what_it_has_said() -> None:
    sampler = Sampler(GenerationOptions(repetition_penalty=2.0))
    assert [sampler.choose(torch.tensor([3.0, 2.0, 1.7])) for _ in range(3)] == [0, 1, 2]
