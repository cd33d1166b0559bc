"""Guesses the next tokens by looking up the last ones in the text so far: answers copy from the passages.

Prompt-lookup decoding (Saxena, 2023), a form of speculative decoding (Leviathan et al., 2023) that needs no second
model: the decoder checks all guesses in one step and keeps those that it would have chosen itself.
"""

from collections.abc import Sequence

# Fewer matching tokens guess wrong too often, more are seldom there.
_MATCH = 3


class PromptLookup:
    """The tokens of one sequence, prompt and answer, and where each short run of them was followed by what."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}  # a run of tokens -> the position after its latest occurrence
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """Appends a token; the run that it ends becomes known only with the next one, so none finds itself."""
        if len(self._tokens) >= _MATCH:
            self._after[tuple(self._tokens[-_MATCH:])] = len(self._tokens)
        self._tokens.append(token)

    def guess(self, count: int) -> list[int]:
        """At most `count` tokens that followed the last ones when they occurred before."""
        position = self._after.get(tuple(self._tokens[-_MATCH:]))
        return [] if position is None else self._tokens[position : position + count]
