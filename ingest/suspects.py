"""Turns for documents whose earlier attempt broke off: one at a time, those blamed least often first.

After a kill everything that was in flight is suspect, and whoever comes first is in flight again at the next kill.
Without an order it would always be the same one, and it would be given up for what others, or nobody, had done.
"""

import heapq
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Long enough for the others that resume at a start to have queued up.
COURTESY_SECONDS = 0.5


class SuspectTurns:
    """Hands out the turn among the threads of a worker."""

    def __init__(self, courtesy_seconds: float = COURTESY_SECONDS) -> None:
        self._courtesy_seconds = courtesy_seconds
        self._change = threading.Condition()
        self._waiting: list[tuple[int, int]] = []  # (attempts, key)
        self._taken = False

    @property
    def taken(self) -> bool:
        """Whether somebody has the turn."""
        return self._taken

    @contextmanager
    def turn(self, attempts: int, key: int) -> Iterator[None]:
        """Waits until nobody with fewer attempts waits and the one before is done."""
        time.sleep(self._courtesy_seconds * max(attempts - 1, 0))
        with self._change:
            heapq.heappush(self._waiting, (attempts, key))
            self._change.wait_for(lambda: not self._taken and self._waiting[0] == (attempts, key))
            heapq.heappop(self._waiting)
            self._taken = True
        try:
            yield
        finally:
            with self._change:
                self._taken = False
                self._change.notify_all()
