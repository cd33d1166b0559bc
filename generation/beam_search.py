"""Beam search: keeps the likeliest few continuations of a prompt side by side and gives the best when none can improve.

The same choices as `generate(num_beams=...)` of transformers with its defaults: the score of an ended continuation is
its log-likelihood a token, and the search ends when the likeliest open one, at its present length, is below all that
are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.continuation import Rows
from generation.kv_cache import KeyValues
from generation.request import Completion, Outbox, PromptTokens
from generation.sampling import Repetitions
from generation.types import FinishReason, GenerationOptions


@dataclass(frozen=True, slots=True)
class _Beam:
    """A continuation; its last token has not been read yet."""

    tokens: tuple[int, ...]
    score: float  # log-likelihood
    parent: int  # whose cache holds what stands before its last token
    repetitions: Repetitions


@dataclass(frozen=True, slots=True)
class _Ended:
    tokens: tuple[int, ...]  # without the one that ends it
    score: float  # log-likelihood a token, the one that ends it included
    reason: FinishReason


class BeamSearch:
    """One completion by beams under way: an engine's task that puts all tokens into its outbox at the end."""

    def __init__(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        ends: frozenset[int],
        new_cache: Callable[[], KeyValues],
    ) -> None:
        self.completion = Completion()
        self.outbox: Outbox[int] = Outbox()
        self._options = options
        self._ends = ends
        self._prompt = len(prompt.tokens)
        self._caches: list[KeyValues] = []
        self._new_cache = new_cache
        self._beams = [_Beam((), 0.0, 0, Repetitions(options.repetition_penalty, prompt.tokens))]
        self._ended: list[_Ended] = []  # best first, as many as beams at most

    def begin(self, logits: Tensor, cache: KeyValues) -> None:
        """The first tokens, from the logits [vocabulary] after the prompt; every beam gets a cache of its own."""
        others = [self._new_cache() for _ in range(self._options.beams - 1)]
        for other in others:
            other.copy_prefix(cache, self._prompt)
        self._caches = [cache, *others]
        self._extend([logits])

    def rows(self, _free: int) -> list[Rows]:
        """The last token of every beam."""
        return [([beam.tokens[-1]], cache) for beam, cache in zip(self._beams, self._caches, strict=False)]

    def take(self, logits: Sequence[Tensor]) -> None:
        """The logits [1, vocabulary] of every beam."""
        self._extend([rows[-1] for rows in logits])

    def finish(self, reason: FinishReason) -> None:
        """Ends the search; what has been found is given up if it was cancelled."""
        self.completion.reason = reason
        self.outbox.finish()

    def _extend(self, logits: Sequence[Tensor]) -> None:
        length = len(self._beams[0].tokens) + 1
        last = length >= self._options.max_tokens
        going_on: list[_Beam] = []
        for rank, (score, parent, token) in enumerate(self._candidates(logits)):
            beam = self._beams[parent]
            if token in self._ends or last:
                if rank < self._options.beams:
                    ends = token in self._ends
                    tokens = beam.tokens if ends else (*beam.tokens, token)
                    self._ended.append(_Ended(tokens, score / length, "stop" if ends else "length"))
            elif len(going_on) < self._options.beams:
                repetitions = beam.repetitions.copy()
                repetitions.add(token)
                going_on.append(_Beam((*beam.tokens, token), score, parent, repetitions))
        self._ended = sorted(self._ended, key=lambda ended: -ended.score)[: self._options.beams]
        if last or not going_on or self._settled(going_on, length):
            self._give()
        else:
            self._follow(going_on)

    def _candidates(self, logits: Sequence[Tensor]) -> list[tuple[float, int, int]]:
        """The likeliest continuations by one token, best first: score, beam, token.

        Enough of them that as many as beams go on, however many end.
        """
        scores = torch.stack(
            [
                beam.repetitions.lower(row.float().log_softmax(dim=0)) + beam.score
                for beam, row in zip(self._beams, logits, strict=True)
            ]
        )
        count = min(max(2, 1 + len(self._ends)) * self._options.beams, scores.numel())
        best, places = scores.flatten().topk(count)
        vocabulary = scores.shape[1]
        return [
            (score, place // vocabulary, place % vocabulary)
            for score, place in zip(best.tolist(), places.tolist(), strict=True)
        ]

    def _settled(self, going_on: Sequence[_Beam], length: int) -> bool:
        """Whether no open continuation is better, a token, than the worst of those that are kept."""
        full = len(self._ended) == self._options.beams
        return full and going_on[0].score / length <= self._ended[-1].score

    def _follow(self, beams: Sequence[_Beam]) -> None:
        """Goes on with these; each gets a copy of what its parent has read beyond the prompt."""
        start, end = self._prompt, self._caches[0].length
        read = {
            beam.parent: (
                self._caches[beam.parent].keys[:, :, start:end].clone(),
                self._caches[beam.parent].values[:, :, start:end].clone(),
            )
            for place, beam in enumerate(beams)
            if beam.parent != place and end > start
        }
        for place, beam in enumerate(beams):
            if beam.parent != place and beam.parent in read:
                keys, values = read[beam.parent]
                self._caches[place].keys[:, :, start:end] = keys
                self._caches[place].values[:, :, start:end] = values
        self._beams = list(beams)

    def _give(self) -> None:
        best = self._ended[0]
        for token in best.tokens:
            self.outbox.put(token)
        self.finish(best.reason)
