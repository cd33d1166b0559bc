"""The log-likelihood of given continuations of a prompt: the prompt is read once, the choices together after it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from generation.continuation import Rows
from generation.kv_cache import KeyValues
from generation.request import PIECE, Outbox
from generation.types import FinishReason


class ChoiceReading:
    """Choices under way: an engine's task that puts the log-likelihoods of each one's tokens into its outbox."""

    def __init__(self, choices: Sequence[Sequence[int]]) -> None:
        self.outbox: Outbox[list[float]] = Outbox()
        self._choices = choices
        self._after_prompt: Tensor | None = None  # log-likelihoods [vocabulary]
        self._told = 0  # choices that are done

    def begin(self, logits: Tensor, _cache: KeyValues) -> None:
        """The logits [vocabulary] after the prompt, which hold the first token of every choice."""
        self._after_prompt = logits.float().log_softmax(dim=0)
        if not self._choices:
            self.finish("stop")

    def branches(self) -> list[list[int]]:
        """The next choices, without their last tokens: as many as make a piece, at least one."""
        found: list[list[int]] = []
        rows = 0
        for choice in self._choices[self._told :] if self._after_prompt is not None else ():
            rows += len(choice) - 1
            if found and rows > PIECE:
                break
            found.append(list(choice[:-1]))
        return found

    def take_branches(self, logits: Sequence[Tensor]) -> None:
        """The logits [tokens, vocabulary] after each token of the branches."""
        assert self._after_prompt is not None, "the prompt is read before the choices"
        for rows in logits:
            choice = torch.tensor(self._choices[self._told])
            following = rows.float().log_softmax(dim=1).gather(1, choice[1:, None])[:, 0]
            self.outbox.put([float(self._after_prompt[choice[0]]), *following.tolist()])
            self._told += 1
        if self._told == len(self._choices):
            self.finish("stop")

    def rows(self, _free: int) -> list[Rows]:
        """Nothing: choices are read, not decoded."""
        return []

    def take(self, logits: Sequence[Tensor]) -> None:
        """Nothing, as there are no rows."""

    def finish(self, _reason: FinishReason) -> None:
        """Ends the reading."""
        self.outbox.finish()
