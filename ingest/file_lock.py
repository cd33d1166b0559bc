"""A lock that one process holds, and that the system lets go of when the process dies."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_POLL_SECONDS = 0.5


@contextmanager
def held(path: Path, give_up: threading.Event) -> Iterator[bool]:
    """Waits for the lock and holds it; gives False if `give_up` was set first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        while not (mine := try_lock(file)) and not give_up.wait(_POLL_SECONDS):
            pass
        yield mine


def try_lock(file: TextIO) -> bool:
    """Whether this process got the lock on the file, which it keeps until the file is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
