"""A lock between processes: the second waits until the first is done. It falls with its process, however that ends."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(file: Path, when_waiting: Callable[[], None]) -> Iterator[None]:
    """Holds the lock `file` during the block; `when_waiting` is called once if another process holds it."""
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            when_waiting()
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
