"""Chooses the next token from the model's logits: greedy, or sampled with temperature, top-k and top-p."""

import torch
from torch import Tensor

from generation.types import GenerationOptions


class Sampler:
    """The choices of one completion; the same seed makes the same choices, whatever else runs in the process."""

    def __init__(self, options: GenerationOptions) -> None:
        self._options = options
        self._random = torch.Generator()
        if options.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(options.seed)

    def choose(self, logits: Tensor) -> int:
        """The id of the next token; `logits` has one entry a token of the vocabulary."""
        if self._options.temperature <= 0:
            return int(logits.argmax())
        scores, tokens = torch.sort(logits.float() / self._options.temperature, descending=True)
        if self._options.top_k > 0:
            scores, tokens = scores[: self._options.top_k], tokens[: self._options.top_k]
        probabilities = scores.softmax(dim=0)
        # Nucleus sampling (Holtzman et al., 2020): the fewest tokens whose probabilities reach top_p, at least one.
        before = probabilities.cumsum(dim=0) - probabilities
        probabilities = probabilities.where(before < max(self._options.top_p, 1e-9), 0.0)
        return int(tokens[torch.multinomial(probabilities, 1, generator=self._random)])
