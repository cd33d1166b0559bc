"""Whether the engine says what `generate` of transformers says in float32, token by token, and why not where not."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch

from app.settings import Settings
from bench.engine_baselines import generate
from bench.report import Row
from generation.engine import Engine
from generation.kv_cache import PrefixStore
from generation.llama import LlamaDecoder
from generation.llama_shape import LlamaShape
from generation.request import PromptTokens
from generation.types import GenerationOptions
from retrieval.fastest_dtype import fastest_dtype

COMPARED = 200
ANSWER = 24
# The ends of prompts, with the question: a float32 reference reads no faster than 300 tokens a second.
PROMPT = 160
_NEVER_ENDS = frozenset[int]()


def rows(
    settings: Settings, folder: Path, shape: LlamaShape, prompts: Sequence[PromptTokens], compared: int | None
) -> list[Row]:
    """Shares of equal answers: exact and fast, with guesses and without."""
    reference = generate(folder, torch.float32).complete
    exact = LlamaDecoder(folder, shape, torch.float32, exact=True)
    fast = LlamaDecoder(folder, shape, fastest_dtype())
    singly = LlamaDecoder(folder, shape, fastest_dtype())
    singly.step_rows = 1
    excerpts = _excerpts(prompts, compared or COMPARED)
    said = {"exact": 0, "fast": 0, "unguessed": 0, "tie": 0}
    chosen = 0
    for excerpt in excerpts:
        expected = reference(excerpt, ANSWER)
        precise, quick = _say(exact, excerpt), _say(fast, excerpt)
        said["exact"] += precise == expected
        said["tie"] += precise != expected and _is_tie(exact, excerpt, expected, precise)
        said["fast"] += quick == expected
        said["unguessed"] += quick == _say(singly, excerpt)
        chosen += _chosen(fast, excerpt, expected)
    count = len(excerpts)
    data = f"{count} answers of {ANSWER} tokens"
    return [
        Row("engine, exact", data, "share equal to float32", said["exact"] / count),
        Row("engine, exact", data, "share equal but for a tie", (said["exact"] + said["tie"]) / count),
        Row("engine", data, "share equal to float32", said["fast"] / count),
        Row("engine", data, "share of tokens that float32 chooses", chosen / (count * ANSWER)),
        Row("engine", data, "share equal with and without guesses", said["unguessed"] / count),
    ]


def _excerpts(prompts: Sequence[PromptTokens], count: int) -> list[list[int]]:
    """As many stretches of prompts: their ends first, then what stands before."""
    found: list[list[int]] = []
    for back in range(1, 100):
        for prompt in prompts:
            end = len(prompt.tokens) - (back - 1) * PROMPT
            if end >= PROMPT:
                found.append(list(prompt.tokens[end - PROMPT : end]))
    return list(islice(found, count))


def _say(decoder: LlamaDecoder, tokens: Sequence[int]) -> list[int]:
    engine = Engine(decoder, PrefixStore(0))
    options = GenerationOptions(max_tokens=ANSWER)
    return list(engine.complete(PromptTokens(tokens), options, _NEVER_ENDS, lambda: False)[1])


def _is_tie(decoder: LlamaDecoder, tokens: Sequence[int], expected: Sequence[int], found: Sequence[int]) -> bool:
    """Whether the two tokens at which the answers part are equally likely but for float32's rounding."""
    parting = next(place for place, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1])
    cache = decoder.new_cache(len(tokens) + parting)
    with torch.inference_mode():
        logits = decoder.read([*tokens, *expected[:parting]], cache)
    return abs(float(logits[expected[parting]] - logits[found[parting]])) < 1e-3


def _chosen(decoder: LlamaDecoder, tokens: Sequence[int], answer: Sequence[int]) -> int:
    """How many tokens of the answer the decoder would choose too, each after the true ones before it."""
    cache = decoder.new_cache(len(tokens) + len(answer))
    with torch.inference_mode():
        agreed = int(int(decoder.read(tokens, cache).argmax()) == answer[0])
        for token, following in zip(answer, answer[1:], strict=False):
            agreed += int(int(decoder.step([([token], cache)])[0][0].argmax()) == following)
    return agreed
