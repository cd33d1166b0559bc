"""What is asked of a decoder and how it went: a prompt's tokens, the record of a completion, the way to its reader."""

import queue
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from generation.types import FinishReason

# Tokens of a prompt read at a time: fewer waste arithmetic, more make the others wait.
PIECE = 256

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """The tokens of a prompt, where its last turn begins (0: it has only one), and the adapter that reads it."""

    tokens: Sequence[int]
    last_turn: int = 0
    adapter: str | None = None

    @property
    def cuts(self) -> list[int]:
        """Where the pieces end in which it is read; the last turn begins a piece, so that what precedes is reused."""
        count = len(self.tokens)
        before = range(PIECE, self.last_turn, PIECE)
        within = range(self.last_turn, count, PIECE)
        return [*before, *(cut for cut in within if cut), count]


@dataclass(slots=True)
class Completion:
    """How a completion went; complete once its last token has been read."""

    reason: FinishReason = "cancelled"
    reused: int = 0  # tokens of the prompt that had been read before
    guessed: int = 0  # tokens of the answer that were foretold, by lookup or by a schema
    accepted: int = 0  # and those of them that the model chose


@dataclass(frozen=True, slots=True)
class _Failure:
    error: BaseException


_End = object()


class Outbox(Generic[Said]):
    """From the engine's thread to one reader, who may leave before the end."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.over = False
        self.abandoned = False

    def put(self, said: Said) -> None:
        """Hands on one thing."""
        self._queue.put(said)

    def finish(self, error: BaseException | None = None) -> None:
        """Nothing more comes; the error, if there is one, is raised to the reader."""
        self.over = True
        self._queue.put(_End if error is None else _Failure(error))

    def read(self) -> Generator[Said, None, None]:
        """Everything that was put, as it comes."""
        try:
            while (said := self._queue.get()) is not _End:
                if isinstance(said, _Failure):
                    raise said.error
                yield cast("Said", said)
        finally:
            self.abandoned = True
