"""Original files, content-addressed: a blob's name is the sha256 of its bytes, so equal files are stored once.

A blob is on disk, whole and synced, before any row names it; one that no row names is removed by the sweep, after a
grace time that is longer than any upload takes between storing its blob and committing its row.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from retrieval.errors import NotFound, StorageFull
from retrieval.store.database import Database
from retrieval.store.schema import revisions

SWEEP_GRACE_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True)
class Blob:
    """What `put` stored."""

    sha256: str
    size: int  # bytes


class BlobStore:
    """A folder of blobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the blob lies; raises `NotFound` if it does not."""
        path = self._place(sha256)
        if not path.exists():
            raise NotFound("The original file is no longer stored.")
        return path

    def put(self, pieces: Iterable[bytes]) -> Blob:
        """Stores the bytes durably and gives their name. Raises `StorageFull`; nothing half-written stays behind."""
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            place = self._place(digest.hexdigest())
            place.parent.mkdir(exist_ok=True)
            temporary.replace(place)  # also renews the modification time of a blob that was already there
            sync_folder(place.parent)
            sync_folder(self.folder)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("The disk is full; free some space and upload the file again.") from error
            raise
        finally:
            temporary.unlink(missing_ok=True)
        return Blob(digest.hexdigest(), size)

    def names(self) -> Iterator[str]:
        """The sha256 of every stored blob."""
        return (path.name for path in self.folder.glob("??/*"))

    def damaged(self, sha256: str) -> bool:
        """True if the stored bytes are not the ones the name promises."""
        with self._place(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != sha256

    def sweep(self, database: Database, now: float) -> int:
        """Removes blobs that no revision names, and uploads that never finished; gives how many."""
        removed = 0
        for path in [*self._incoming.iterdir(), *self.folder.glob("??/*")]:
            # The write lock keeps a row that names this blob from being committed between the check and the removal.
            with database.write() as connection:
                named = connection.scalar(
                    select(revisions.c.key).where(revisions.c.content_sha256 == path.name).limit(1)
                )
                if named is None and path.exists() and now - path.stat().st_mtime > SWEEP_GRACE_SECONDS:
                    path.unlink()
                    removed += 1
        return removed

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256


def sync_folder(folder: Path) -> None:
    """Makes renames and new names inside the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
