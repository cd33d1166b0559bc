"""Decodes for several requests at once: prompts are read piece by piece between steps that serve all of them.

One thread owns the decoder. Whoever reads an answer slowly, or goes away, keeps nobody waiting.
"""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from generation.kv_cache import KeyValues, PrefixStore, StoredPrefix
from generation.prompt_lookup import PromptLookup
from generation.sampling import Sampler
from generation.types import FinishReason, GenerationOptions

# Tokens of a prompt read at a time: fewer waste arithmetic, more make the others wait.
PIECE = 256
# An engine that nobody uses has no thread, which would keep its weights in memory: it ends after so many looks.
_IDLE_LOOKS = 20
_LOOK_SECONDS = 0.1


class Decoder(Protocol):
    """A model that reads prompts and decodes on several sequences at once, `step_rows` tokens of each at most."""

    step_rows: int

    def new_cache(self, capacity: int) -> KeyValues: ...

    def read(self, tokens: Sequence[int], cache: KeyValues) -> Tensor: ...

    def step(self, sequences: Sequence[tuple[Sequence[int], KeyValues]]) -> list[Tensor]: ...


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """The tokens of a prompt and where its last turn begins (0: it has only one)."""

    tokens: Sequence[int]
    last_turn: int = 0

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
    guessed: int = 0  # tokens of the answer that were looked up in the text so far
    accepted: int = 0  # and those of them that the model chose


@dataclass(frozen=True, slots=True)
class _Failure:
    error: BaseException


_End = object()


@dataclass(eq=False, slots=True)
class _Sequence:
    """One request under way. The engine's thread alone writes it, but for `abandoned`."""

    prompt: PromptTokens
    options: GenerationOptions
    ends: frozenset[int]
    cancelled: Callable[[], bool]
    completion: Completion
    cache: KeyValues
    cuts: list[int]  # of the pieces still to be read
    sampler: Sampler
    lookup: PromptLookup
    outbox: "queue.SimpleQueue[object]" = field(default_factory=queue.SimpleQueue)
    last: int = 0  # the token chosen last, which the model has not seen yet
    count: int = 0
    abandoned: bool = False
    over: bool = False

    def guesses(self, rows: int) -> list[int]:
        """Tokens to check along with the last one; only the greedy choice can be foretold."""
        room = min(rows - 1, self.options.max_tokens - self.count - 1)
        return self.lookup.guess(room) if room > 0 and self.options.temperature <= 0 else []

    def choose(self, rows: Tensor, guesses: Sequence[int]) -> None:
        """Takes a token from each row of logits for as long as the guesses keep proving right."""
        for row, guess in zip(rows, [*guesses, None], strict=True):
            token = self.sampler.choose(row)
            if token in self.ends:
                self.finish("stop")
                return
            self.last, self.count = token, self.count + 1
            self.lookup.add(token)
            self.outbox.put(token)
            if self.count >= self.options.max_tokens:
                self.finish("length")
                return
            if token != guess:
                return
            self.completion.accepted += 1

    def finish(self, reason: FinishReason) -> None:
        self.completion.reason = reason
        self.over = True
        self.outbox.put(_End)


def _ending() -> bool:
    return not threading.main_thread().is_alive()


class Engine:
    """Runs completions on a decoder; holds its thread, the requests under way and the prompts read last."""

    def __init__(self, decoder: Decoder, prefixes: PrefixStore) -> None:
        self._decoder = decoder
        self._prefixes = prefixes
        self._changed = threading.Condition()
        self._arrived: list[_Sequence] = []
        self._active: list[_Sequence] = []
        self._thread: threading.Thread | None = None

    def complete(
        self, prompt: PromptTokens, options: GenerationOptions, ends: frozenset[int], cancelled: Callable[[], bool]
    ) -> tuple[Completion, Generator[int, None, None]]:
        """Tokens as they are chosen, without the one that ends; `cancelled` is looked at before every step.

        Whatever the decoder raises is raised to the reader.
        """
        cuts = prompt.cuts
        # A guess is checked one position further than the last token that can be chosen.
        cache = self._decoder.new_cache(len(prompt.tokens) + options.max_tokens + self._decoder.step_rows)
        stored, reused = self._prefixes.longest(prompt.tokens, cuts)
        if stored is not None:
            cache.copy_prefix(stored.cache, reused)
        sequence = _Sequence(
            prompt=prompt,
            options=options,
            ends=ends,
            cancelled=cancelled,
            completion=Completion(reused=reused),
            cache=cache,
            cuts=[cut for cut in cuts if cut > reused],
            sampler=Sampler(options),
            lookup=PromptLookup(prompt.tokens),
        )
        return sequence.completion, self._tokens(sequence)

    def _tokens(self, sequence: _Sequence) -> Generator[int, None, None]:
        self._submit(sequence)
        try:
            while (said := sequence.outbox.get()) is not _End:
                if isinstance(said, _Failure):
                    raise said.error
                assert isinstance(said, int), "the outbox holds tokens, a failure or the end"
                yield said
        finally:
            sequence.abandoned = True

    def _submit(self, sequence: _Sequence) -> None:
        with self._changed:
            self._arrived.append(sequence)
            if self._thread is None:
                # No daemon: one that is stopped in the middle of a product brings the whole process down.
                self._thread = threading.Thread(target=self._run, name="decode")
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        with torch.inference_mode():
            while self._take():
                self._turn()

    def _take(self) -> bool:
        """Waits for requests; False once there have been none for a while, or the process is about to end."""
        with self._changed:
            if not self._active:
                for _ in range(_IDLE_LOOKS):
                    if self._changed.wait_for(lambda: bool(self._arrived), _LOOK_SECONDS) or _ending():
                        break
            self._active += self._arrived
            self._arrived.clear()
            if _ending():
                for sequence in self._active:
                    sequence.finish("cancelled")
                self._active = []
            if not self._active:
                self._thread = None
            return bool(self._active)

    def _turn(self) -> None:
        """One piece of the oldest prompt that is still unread, and one step of all that are being decoded."""
        try:
            for sequence in self._active:
                if not sequence.over and (sequence.abandoned or sequence.cancelled()):
                    sequence.finish("cancelled")
            self._active = [sequence for sequence in self._active if not sequence.over]
            decoding = [sequence for sequence in self._active if not sequence.cuts]
            unread = next((sequence for sequence in self._active if sequence.cuts), None)
            if unread is not None:
                self._read(unread)
            if decoding:
                self._step(decoding)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the readers raise it
            for sequence in self._active:
                sequence.over = True
                sequence.outbox.put(_Failure(error))
            self._active = []

    def _read(self, sequence: _Sequence) -> None:
        cut = sequence.cuts.pop(0)
        logits = self._decoder.read(sequence.prompt.tokens[sequence.cache.length : cut], sequence.cache)
        if not sequence.cuts:
            sequence.choose(logits[None], [])
            self._prefixes.keep(StoredPrefix(sequence.prompt.tokens, sequence.prompt.cuts, sequence.cache))

    def _step(self, sequences: Sequence[_Sequence]) -> None:
        """One step for all; where few decode, the rows that are free check guesses."""
        rows = max(1, self._decoder.step_rows // len(sequences))
        guesses = [sequence.guesses(rows) for sequence in sequences]
        batch = [([s.last, *guessed], s.cache) for s, guessed in zip(sequences, guesses, strict=True)]
        for sequence, guessed, logits in zip(sequences, guesses, self._decoder.step(batch), strict=True):
            before = sequence.count
            sequence.choose(logits, guessed)
            # Guesses that were read and not chosen are forgotten.
            sequence.cache.advance(sequence.count - before - len(logits))
            sequence.completion.guessed += len(guessed)
