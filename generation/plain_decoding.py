"""Decodes with any causal language model that transformers can run, one request at a time."""

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from generation.engine import Completion, PromptTokens
from generation.sampling import Sampler
from generation.types import GenerationOptions


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
        self, prompt: PromptTokens, options: GenerationOptions, ends: frozenset[int], cancelled: Callable[[], bool]
    ) -> tuple[Completion, Generator[int, None, None]]:
        """Tokens as they are chosen, without the one that ends; `cancelled` is looked at before every token."""
        completion = Completion()
        return completion, self._tokens(prompt, options, ends, cancelled, completion)

    def _tokens(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        ends: frozenset[int],
        cancelled: Callable[[], bool],
        completion: Completion,
    ) -> Generator[int, None, None]:
        sampler = Sampler(options)
        cache = self._new_cache()
        tokens = prompt.tokens
        for _ in range(options.max_tokens):
            if cancelled():
                return
            with torch.inference_mode():
                output = self._model(
                    input_ids=torch.tensor([tokens]), past_key_values=cache, use_cache=True, logits_to_keep=1
                )
            token = sampler.choose(output.logits[0, -1])
            if token in ends:
                completion.reason = "stop"
                return
            yield token
            tokens = [token]
        completion.reason = "length"
