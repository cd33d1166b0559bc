"""Is there anything on the disk that belongs to nothing?

What is younger than the grace time may belong to an upload or a build under way and is left alone.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from app.checks.finding import FIX, Finding, Scene
from app.checks.repairs import RemoveFolder, SweepOriginals
from app.staging import abandoned_folders
from retrieval.store import generations
from retrieval.store.blobs import SWEEP_GRACE_SECONDS
from retrieval.store.schema import revisions


def check_leftovers(scene: Scene) -> Iterator[Finding]:
    """Originals without a document, uploads that broke off, and folders of indexes and commands that nobody needs."""
    blobs = scene.storage.blobs
    named = set(scene.connection.scalars(select(revisions.c.content_sha256).distinct()))
    orphans = [blobs.folder / name[:2] / name for name in blobs.names() if name not in named]
    if unused := [path for path in [*orphans, *(blobs.folder / "incoming").iterdir()] if _is_old(path)]:
        size = sum(path.stat().st_size for path in unused) / 1e6
        problem = f"{len(unused)} stored files ({size:.1f} MB) belong to no document."
        yield Finding(problem, f"{FIX} (removes them)", SweepOriginals())
    indexes = scene.storage.files.folder
    in_use = set(generations.folders(scene.connection))
    folders = [path for path in sorted(indexes.iterdir()) if path.name not in in_use and _is_old(path)]
    for folder in [*folders, *abandoned_folders(scene.data_dir)]:
        name = folder.relative_to(scene.data_dir)
        yield Finding(f"The folder {name} is left over.", f"{FIX} (removes it)", RemoveFolder(folder))


def _is_old(path: Path) -> bool:
    """True if nothing in there was touched for longer than any upload or pause of a build takes."""
    try:
        latest = max(part.stat().st_mtime for part in [path, *path.rglob("*")])
    except FileNotFoundError:  # it went meanwhile: somebody looks after it
        return False
    return time.time() - latest > SWEEP_GRACE_SECONDS
