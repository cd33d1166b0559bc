"""Decodes for several requests at once: prompts are read piece by piece between steps that serve all of them.

One thread owns the decoder. Whoever reads an answer slowly, or goes away, keeps nobody waiting. What is done with a
prompt once it is read, is a task: `Continuation`, `BeamSearch`, `ChoiceReading`.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from generation.beam_search import BeamSearch
from generation.choice_reading import ChoiceReading
from generation.continuation import Continuation, Rows
from generation.kv_cache import KeyValues, PrefixStore, StoredPrefix
from generation.request import PIECE, Completion, Outbox, PromptTokens
from generation.sampling import TokenConstraint
from generation.types import FinishReason, GenerationOptions

# An engine that nobody uses has no thread, which would keep its weights in memory: it ends after so many looks.
_IDLE_LOOKS = 20
_LOOK_SECONDS = 0.1

Said = TypeVar("Said")


class Decoder(Protocol):
    """A model that reads prompts and decodes on several sequences at once, `step_rows` tokens of each at most."""

    step_rows: int

    def new_cache(self, capacity: int, adapter: str | None = None) -> KeyValues: ...

    def read(self, tokens: Sequence[int], cache: KeyValues) -> Tensor: ...

    def read_branches(self, branches: Sequence[Sequence[int]], cache: KeyValues) -> list[Tensor]: ...

    def step(self, sequences: Sequence[tuple[Sequence[int], KeyValues]]) -> list[Tensor]: ...


class Task(Protocol):
    """What is done with a prompt: `begin` gets the logits after it and its cache, `take` those of a step's `rows`."""

    @property
    def outbox(self) -> Outbox[Any]: ...

    def begin(self, logits: Tensor, cache: KeyValues) -> None: ...

    def rows(self, free: int) -> list[Rows]: ...

    def take(self, logits: Sequence[Tensor]) -> None: ...

    def finish(self, reason: FinishReason) -> None: ...


@dataclass(eq=False, slots=True)
class _Request:
    """One request under way; the engine's thread alone writes it."""

    prompt: PromptTokens
    capacity: int  # of its cache
    completion: Completion
    task: Task
    cancelled: Callable[[], bool]
    cache: KeyValues | None = None  # None: nothing was read yet
    cuts: list[int] = field(default_factory=list)  # of the pieces still to be read, once something was

    @property
    def unread(self) -> bool:
        """Whether something has to be read before it can be decoded."""
        return self.cache is None or bool(self.cuts) or isinstance(self.task, ChoiceReading)


def _ending() -> bool:
    return not threading.main_thread().is_alive()


class Engine:
    """Runs completions on a decoder; holds its thread, the requests under way and the prompts read last."""

    def __init__(self, decoder: Decoder, prefixes: PrefixStore) -> None:
        self._decoder = decoder
        self._prefixes = prefixes
        self._changed = threading.Condition()
        self._arrived: list[_Request] = []
        self._active: list[_Request] = []
        self._thread: threading.Thread | None = None

    def complete(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        ends: frozenset[int],
        cancelled: Callable[[], bool],
        constraint: TokenConstraint | None = None,
    ) -> tuple[Completion, Generator[int, None, None]]:
        """Tokens as they are chosen, without the one that ends; `cancelled` is looked at before every step.

        Beams give all of them at the end. Whatever the decoder raises is raised to the reader.
        """
        # A guess is checked one position further than the last token that can be chosen.
        room = len(prompt.tokens) + options.max_tokens + self._decoder.step_rows
        task: Continuation | BeamSearch
        if options.beams > 1:
            task = BeamSearch(prompt, options, ends, lambda: self._decoder.new_cache(room, prompt.adapter))
        else:
            task = Continuation(prompt, options, ends, constraint)
        request = _Request(prompt, room, task.completion, task, cancelled)
        return task.completion, self._run_task(request, task.outbox)

    def score(
        self, prompt: PromptTokens, choices: Sequence[Sequence[int]], cancelled: Callable[[], bool]
    ) -> Generator[list[float], None, None]:
        """The log-likelihoods of the tokens of each choice, which has at least one; fewer choices once cancelled."""
        room = max(PIECE, *(len(choice) for choice in choices)) if choices else 0
        task = ChoiceReading(choices)
        request = _Request(prompt, len(prompt.tokens) + room, Completion(), task, cancelled)
        return self._run_task(request, task.outbox)

    def _run_task(self, request: _Request, outbox: Outbox[Said]) -> Generator[Said, None, None]:
        self._submit(request)
        yield from outbox.read()

    def _submit(self, request: _Request) -> None:
        with self._changed:
            self._arrived.append(request)
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
                for request in self._active:
                    request.task.finish("cancelled")
                self._active = []
            if not self._active:
                self._thread = None
            return bool(self._active)

    def _turn(self) -> None:
        """One piece of the oldest request that is still unread, and one step of all that are being decoded."""
        try:
            for request in self._active:
                if not request.task.outbox.over and (request.task.outbox.abandoned or request.cancelled()):
                    request.task.finish("cancelled")
            self._active = [request for request in self._active if not request.task.outbox.over]
            decoding = [request for request in self._active if not request.unread]
            unread = next((request for request in self._active if request.unread), None)
            if unread is not None:
                self._read(unread)
            if decoding:
                self._step([request.task for request in decoding])
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the readers raise it
            for request in self._active:
                request.task.outbox.finish(error)
            self._active = []

    def _read(self, request: _Request) -> None:
        cache = request.cache or self._begun(request)
        if not request.cuts:
            assert isinstance(request.task, ChoiceReading), "other tasks have nothing but a prompt to read"
            request.task.take_branches(self._decoder.read_branches(request.task.branches(), cache))
            return
        cut = request.cuts.pop(0)
        logits = self._decoder.read(request.prompt.tokens[cache.length : cut], cache)
        if not request.cuts:
            request.task.begin(logits, cache)
            self._prefixes.keep(StoredPrefix(request.prompt.tokens, request.prompt.cuts, cache))

    def _begun(self, request: _Request) -> KeyValues:
        """A cache for the request, with what of its prompt has been read before.

        It is made in the engine's thread: any other that filled so large a tensor would keep helpers of OpenMP's, and
        where these are more than the processors, the ones that decode sleep after every product.
        """
        prompt = request.prompt
        cache = self._decoder.new_cache(request.capacity, prompt.adapter)
        stored, reused = self._prefixes.longest(prompt.tokens, prompt.cuts, prompt.adapter)
        if stored is not None:
            cache.copy_prefix(stored.cache, reused)
        request.cache, request.completion.reused = cache, reused
        request.cuts = [cut for cut in prompt.cuts if cut > reused]
        return cache

    def _step(self, tasks: Sequence[Task]) -> None:
        """One step for all; where few decode, the rows that are free check guesses."""
        free = max(1, self._decoder.step_rows // len(tasks))
        rows = [task.rows(free) for task in tasks]
        logits = iter(self._decoder.step([row for of_task in rows for row in of_task]))
        for task, of_task in zip(tasks, rows, strict=True):
            task.take([next(logits) for _ in of_task])
