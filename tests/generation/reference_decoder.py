"""A decoder whose logits are those of transformers: what is wrong beside it is wrong in the engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from generation.kv_cache import KeyValues


class ReferenceDecoder:
    """Its cache holds the tokens themselves; every row reads all of them anew."""

    def __init__(self, folder: Path, step_rows: int = 4) -> None:
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.step_rows = step_rows

    def new_cache(self, capacity: int, adapter: str | None = None) -> KeyValues:
        return KeyValues((1, 1, 1), capacity, torch.float32, adapter)

    def read(self, tokens: Sequence[int], cache: KeyValues) -> Tensor:
        return self._rows(tokens, cache)[-1]

    def read_branches(self, branches: Sequence[Sequence[int]], cache: KeyValues) -> list[Tensor]:
        found = []
        for branch in branches:
            found.append(self._rows(branch, cache) if branch else torch.empty(0, self.model.config.vocab_size))
            cache.advance(-len(branch))
        return found

    def step(self, sequences: Sequence[tuple[Sequence[int], KeyValues]]) -> list[Tensor]:
        return [self._rows(tokens, cache) for tokens, cache in sequences]

    def _rows(self, tokens: Sequence[int], cache: KeyValues) -> Tensor:
        column = torch.tensor(tokens, dtype=torch.float32)[None, :, None]
        cache.append(0, column, column)
        cache.advance(len(tokens))
        held = cache.keys[0, 0, : cache.length, 0].long()
        logits: Tensor = self.model(held[None]).logits[0, -len(tokens) :]
        return logits
