"""Decodes with any causal language model that transformers can run, one request at a time."""

import copy
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generation.request import Completion, PromptTokens
from generation.sampling import Sampler, TokenConstraint
from generation.types import GenerationOptions


@dataclass(frozen=True, slots=True)
class _Ending:
    """What ends a completion before its number of tokens."""

    tokens: frozenset[int]
    cancelled: Callable[[], bool]


class PlainDecoding:
    """What `Engine` does for Llama models, without its speed; holds the model."""

    def __init__(self, folder: Path, dtype: torch.dtype) -> None:
        """Loads the model; raises what transformers raises if it cannot be read."""
        # Seconds to import, and the default model needs none of it.
        from transformers import AutoModelForCausalLM, DynamicCache  # noqa: PLC0415

        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
        self._model = model.eval()
        self._new_cache: Callable[[], Any] = partial(DynamicCache, config=model.config)

    def complete(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        ends: frozenset[int],
        cancelled: Callable[[], bool],
        constraint: TokenConstraint | None = None,
    ) -> tuple[Completion, Generator[int, None, None]]:
        """Tokens as they are chosen, without the one that ends; `cancelled` is looked at before every token."""
        completion = Completion()
        if options.beams > 1:
            return completion, self._beams(prompt, options, ends, cancelled, completion)
        sampler = Sampler(options, prompt.tokens, constraint)
        return completion, self._tokens(prompt, sampler, options.max_tokens, _Ending(ends, cancelled), completion)

    def score(
        self, prompt: PromptTokens, choices: Sequence[Sequence[int]], cancelled: Callable[[], bool]
    ) -> Generator[list[float], None, None]:
        """The log-likelihoods of the tokens of each choice; the prompt is read once."""
        cache = self._new_cache()
        after_prompt = self._logits(prompt.tokens, cache, 1)
        for choice in choices:
            if cancelled():
                return
            # What was read of the prompt serves all; a copy of it for each takes what the choice adds.
            following = self._logits(choice[:-1], copy.deepcopy(cache), len(choice) - 1) if len(choice) > 1 else None
            rows = after_prompt if following is None else torch.cat([after_prompt, following])
            likelihoods = rows.float().log_softmax(dim=1).gather(1, torch.tensor(choice)[:, None])[:, 0]
            yield likelihoods.tolist()

    def _tokens(
        self, prompt: PromptTokens, sampler: Sampler, count: int, ending: _Ending, completion: Completion
    ) -> Generator[int, None, None]:
        cache = self._new_cache()
        tokens = prompt.tokens
        for _ in range(count):
            if ending.cancelled():
                return
            token = sampler.choose(self._logits(tokens, cache, 1)[-1])
            if token in ending.tokens:
                completion.reason = "stop"
                return
            yield token
            tokens = [token]
        completion.reason = "length"

    def _beams(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        ends: frozenset[int],
        cancelled: Callable[[], bool],
        completion: Completion,
    ) -> Generator[int, None, None]:
        """The search of transformers itself, which gives the whole at its end."""
        given = torch.tensor([list(prompt.tokens)])
        with torch.inference_mode():
            found = self._model.generate(
                given,
                attention_mask=torch.ones_like(given),
                max_new_tokens=options.max_tokens,
                num_beams=options.beams,
                do_sample=False,
                repetition_penalty=options.repetition_penalty,
                eos_token_id=sorted(ends),
                pad_token_id=min(ends, default=0),
                stopping_criteria=[lambda ids, _scores: torch.full((len(ids),), cancelled(), dtype=torch.bool)],
            )
        said = found[0, len(prompt.tokens) :].tolist()
        ended = next((place for place, token in enumerate(said) if token in ends), None)
        if not cancelled():
            completion.reason = "length" if ended is None else "stop"
            yield from said[:ended]

    def _logits(self, tokens: Sequence[int], cache: Any, count: int) -> Tensor:
        """The logits [rows, vocabulary] after the last `count` of the tokens, which the cache then holds too."""
        with torch.inference_mode():
            output = self._model(
                input_ids=torch.tensor([list(tokens)]), past_key_values=cache, use_cache=True, logits_to_keep=count
            )
        logits: Tensor = output.logits[0]
        return logits
