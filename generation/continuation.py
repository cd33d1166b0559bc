"""Continues a prompt token by token, greedily or by sampling; what can be foretold is checked in the same step."""

from collections.abc import Sequence

from torch import Tensor

from generation.kv_cache import KeyValues
from generation.prompt_lookup import PromptLookup
from generation.request import Completion, Outbox, PromptTokens
from generation.sampling import Sampler, TokenConstraint
from generation.types import FinishReason, GenerationOptions

# Tokens that go into a step, and what stands before them.
Rows = tuple[list[int], KeyValues]


class Continuation:
    """One completion under way: an engine's task that puts tokens into its outbox."""

    def __init__(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        ends: frozenset[int],
        constraint: TokenConstraint | None = None,
    ) -> None:
        self.completion = Completion()
        self.outbox: Outbox[int] = Outbox()
        self._options = options
        self._ends = ends
        self._constraint = constraint
        self._cache: KeyValues  # from `begin` on
        self._sampler = Sampler(options, prompt.tokens, constraint)
        self._lookup = PromptLookup(prompt.tokens)
        self._last = 0  # the token chosen last, which the model has not seen yet
        self._count = 0
        self._guesses: list[int] = []  # the tokens that are being checked

    def begin(self, logits: Tensor, cache: KeyValues) -> None:
        """Chooses the first token from the logits [vocabulary] after the prompt, which the cache holds."""
        self._cache = cache
        self._choose(logits[None], [])

    def rows(self, free: int) -> list[Rows]:
        """The token chosen last, and guesses of what follows it: at most `free` together."""
        self._guesses = self._guess(min(free - 1, self._options.max_tokens - self._count - 1))
        return [([self._last, *self._guesses], self._cache)]

    def take(self, logits: Sequence[Tensor]) -> None:
        """The logits of the rows; guesses that were read and not chosen are forgotten."""
        before = self._count
        self._choose(logits[0], self._guesses)
        self._cache.advance(self._count - before - len(logits[0]))
        self.completion.guessed += len(self._guesses)

    def finish(self, reason: FinishReason) -> None:
        """Ends the completion."""
        self.completion.reason = reason
        self.outbox.finish()

    def _guess(self, room: int) -> list[int]:
        """Tokens to check along with the last one; only the greedy choice can be foretold."""
        if room <= 0 or self._options.temperature > 0:
            return []
        forced = self._constraint.forced()[:room] if self._constraint else []
        return list(forced) or self._lookup.guess(room)

    def _choose(self, rows: Tensor, guesses: Sequence[int]) -> None:
        """Takes a token from each row of logits for as long as the guesses keep proving right."""
        for row, guess in zip(rows, [*guesses, None], strict=True):
            token = self._sampler.choose(row)
            if token in self._ends:
                self.finish("stop")
                return
            self._last, self._count = token, self._count + 1
            self._lookup.add(token)
            self.outbox.put(token)
            if self._count >= self._options.max_tokens:
                self.finish("length")
                return
            if token != guess:
                return
            self.completion.accepted += 1
