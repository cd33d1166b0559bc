"""Keeps calls from a server that keeps failing: after some failures in a row it is left alone for a while.

Closed, calls pass. Open, they are refused at once. When the pause is over one call is let through to try (half-open):
its success closes the breaker, its failure opens it again. Source: Nygard, Release It! (2007), chapter 5.
"""

import math
import threading
import time
from collections.abc import Callable

from retrieval.errors import Overloaded


class CircuitBreaker:
    """Counts failures in a row. Every call that `admit` lets through ends in one of the other three."""

    def __init__(
        self, failures: int = 5, pause_seconds: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._pause = pause_seconds
        self._clock = clock
        self._failed = 0
        self._open_until = 0.0
        self._trying = False
        self._changing = threading.Lock()

    @property
    def wait_seconds(self) -> float:
        """How long calls will still be refused; 0 where the next one is let through."""
        return max(0.0, self._open_until - self._clock()) if self._failed >= self._limit else 0.0

    def admit(self) -> None:
        """Lets a call through; raises `Overloaded` while the breaker is open, or while another call tries."""
        with self._changing:
            if self._failed < self._limit:
                return
            wait = self.wait_seconds
            if wait > 0 or self._trying:
                seconds = max(1, math.ceil(wait))
                raise Overloaded(
                    f"The generator's server has failed {self._failed} times in a row; it is tried again in "
                    f"{seconds} seconds.",
                    retry_after=seconds,
                )
            self._trying = True

    def succeed(self) -> None:
        """The server has answered."""
        with self._changing:
            self._failed, self._trying = 0, False

    def fail(self, rest_seconds: float = 0.0) -> None:
        """The server has failed, and asks to be left alone for `rest_seconds`."""
        with self._changing:
            self._failed += 1
            self._trying = False
            self._open_until = self._clock() + max(self._pause, rest_seconds)

    def abandon(self) -> None:
        """The call was given up, which says nothing of the server."""
        with self._changing:
            self._trying = False
