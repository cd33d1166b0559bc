"""Folders for work that is not finished: gone when the work ends, and recognised as abandoned if it was killed.

A lock on the folder says that somebody works there; it falls with the process, however that ends.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Long enough to be nobody else's: abandoned folders of this name are removed.
_PREFIX = "scholiast-unfinished-"
_GRACE_SECONDS = 60.0  # a folder is made and locked in two steps


@contextmanager
def staging_folder(parent: Path) -> Iterator[Path]:
    """A new folder inside `parent`, so that what is made there can be renamed into place; abandoned ones go."""
    for abandoned in abandoned_folders(parent):
        shutil.rmtree(abandoned, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # network file systems lock no folders: what is left there is never taken for abandoned
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(descriptor)


def is_staging(path: Path) -> bool:
    """True for a folder of this kind, worked in or abandoned."""
    return path.name.startswith(_PREFIX)


def abandoned_folders(parent: Path) -> Iterator[Path]:
    """Such folders whose process is gone."""
    for folder in sorted(parent.glob(f"{_PREFIX}*")):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _GRACE_SECONDS and _is_unlocked(folder):
                yield folder


def _is_unlocked(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
