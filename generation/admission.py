"""Lets a few completions at a time use the model, in order of arrival; turns away what a bounded queue cannot hold."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from retrieval.errors import Overloaded

# How often a waiting request looks whether its client has gone.
_PATIENCE_SECONDS = 0.05
# Before the first completion has been timed, a guess: a long prompt on two cores.
_FIRST_GUESS_SECONDS = 5.0


class Admission:
    """A queue of at most `capacity` waiting requests behind the `places` that are being served."""

    def __init__(self, capacity: int, places: int = 1) -> None:
        self._capacity = capacity
        self._places = places
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()  # the first `places` are being served, or are about to be
        self._typical_seconds = _FIRST_GUESS_SECONDS

    @property
    def waiting(self) -> int:
        """How many requests wait behind those that are served."""
        return max(0, len(self._queue) - self._places)

    @contextmanager
    def turn(self, cancelled: Callable[[], bool]) -> Iterator[bool]:
        """Waits for the caller's turn and holds it for the block; False if it was cancelled while waiting.

        Raises `Overloaded` at once where `capacity` requests already wait.
        """
        ticket = self._join()
        try:
            admitted = self._wait(ticket, cancelled)
            started = time.monotonic()
            yield admitted
            if admitted:
                self._typical_seconds += 0.2 * (time.monotonic() - started - self._typical_seconds)
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _join(self) -> object:
        ticket = object()
        with self._changed:
            if len(self._queue) >= self._capacity + self._places:
                seconds = math.ceil(self._typical_seconds * len(self._queue) / self._places)
                raise Overloaded(
                    f"The model is busy and {self.waiting} requests wait already; try again in {seconds} seconds.",
                    retry_after=max(1, seconds),
                )
            self._queue.append(ticket)
        return ticket

    def _wait(self, ticket: object, cancelled: Callable[[], bool]) -> bool:
        with self._changed:
            while ticket not in islice(self._queue, self._places):
                if cancelled():
                    return False
                self._changed.wait(_PATIENCE_SECONDS)
        return True
