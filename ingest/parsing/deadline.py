"""When the process that parses will be ended, for parsers that can stop before and hand over what they have."""

import time
from contextvars import ContextVar

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


def set_deadline(seconds: float) -> None:
    """Says that this process will be ended after so many seconds."""
    _deadline.set(time.monotonic() + seconds)


def seconds_left() -> float:
    """Seconds until the process is ended; infinite where nothing ends it."""
    return _deadline.get() - time.monotonic()
