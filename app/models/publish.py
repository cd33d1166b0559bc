"""Makes a finished folder appear under its name at once, so that no reader and no power cut sees a part of it."""

import os
import shutil
from pathlib import Path

FILE_MODE = 0o644  # some libraries write files that only their owner may read


def publish_folder(finished: Path, target: Path) -> None:
    """Syncs all of `finished` to disk and renames it to `target` beside it; what was there is removed."""
    for path in finished.rglob("*"):
        if path.is_file():
            path.chmod(FILE_MODE)
        sync(path)
    sync(finished)
    if target.exists():
        # A folder cannot be renamed over another: for a moment there is none.
        replaced = target.with_name(f".replaced-{target.name}")
        shutil.rmtree(replaced, ignore_errors=True)
        target.rename(replaced)
        finished.rename(target)
        shutil.rmtree(replaced)
    else:
        finished.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Waits until a file's content or a folder's names are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
