"""Chooses the next token from the model's logits: greedy, or sampled with temperature, top-k, top-p and min-p.

The same tokens stay, in the same order of steps, as with the logits processors of transformers.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from generation.types import GenerationOptions


class TokenConstraint(Protocol):
    """What may come next in one completion; it follows the tokens that are chosen."""

    def allow(self, logits: Tensor) -> Tensor:
        """The logits [vocabulary] with minus infinity for what may not come."""
        ...

    def accept(self, token: int) -> None: ...

    def forced(self) -> Sequence[int]:
        """Tokens that follow in any case, as far as that is known."""
        ...


class Repetitions:
    """Lowers the logits of tokens that a sequence holds already (Keskar et al., CTRL, 2019)."""

    def __init__(self, penalty: float, tokens: Iterable[int]) -> None:
        self._penalty = penalty
        self._seen = set(tokens) if penalty != 1.0 else set()

    def copy(self) -> "Repetitions":
        """The same for a sequence that goes another way from here on."""
        return Repetitions(self._penalty, self._seen)

    def add(self, token: int) -> None:
        """The sequence goes on with the token."""
        if self._penalty != 1.0:
            self._seen.add(token)

    def lower(self, scores: Tensor) -> Tensor:
        """Positive scores [vocabulary] of seen tokens divided by the penalty, negative ones multiplied by it."""
        if not self._seen:
            return scores
        seen = torch.tensor(sorted(self._seen))
        held = scores.float()[seen]
        lowered = torch.where(held < 0, held * self._penalty, held / self._penalty)
        return scores.float().index_put((seen,), lowered)


class Sampler:
    """The choices of one completion; the same seed makes the same choices, whatever else runs in the process."""

    def __init__(
        self, options: GenerationOptions, tokens: Sequence[int] = (), constraint: TokenConstraint | None = None
    ) -> None:
        self._options = options
        self._constraint = constraint
        self._repetitions = Repetitions(options.repetition_penalty, tokens)
        self._random = torch.Generator()
        if options.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(options.seed)

    def choose(self, logits: Tensor) -> int:
        """The id of the next token, with which the sequence goes on; `logits` has one entry a token."""
        scores = self._repetitions.lower(logits)
        if self._constraint is not None:
            scores = self._constraint.allow(scores)
        token = int(scores.argmax()) if self._options.temperature <= 0 else self._draw(scores)
        self._repetitions.add(token)
        if self._constraint is not None:
            self._constraint.accept(token)
        return token

    def _draw(self, logits: Tensor) -> int:
        options = self._options
        scores, tokens = torch.sort(logits.float() / options.temperature, descending=True)
        if options.top_k > 0:
            scores, tokens = scores[: options.top_k], tokens[: options.top_k]
        probabilities = scores.softmax(dim=0)
        # Nucleus sampling (Holtzman et al., 2020): the fewest tokens whose probabilities reach top_p, at least one.
        before = probabilities.cumsum(dim=0) - probabilities
        # Min-p sampling (Nguyen et al., 2024): those at least min_p times as likely as the likeliest.
        stays = (before < max(options.top_p, 1e-9)) & (probabilities >= options.min_p * probabilities[0])
        probabilities = probabilities.where(stays, 0.0)
        return int(tokens[torch.multinomial(probabilities, 1, generator=self._random)])
