"""Makes a backup of a data folder in one file, also while the service runs.

The database is copied as one moment saw it, and exactly the originals that this copy names go with it. The indexes
stay out: they are derived and are rebuilt at the next start.
"""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.backup_archive import DATABASE, Manifest, Member, Report, blob_name, verify_archive, write_archive
from app.backup_database import DatabaseContent, copy_database, database_file
from app.settings import Settings
from app.staging import staging_folder
from retrieval.errors import Conflict, InvalidRequest, NotFound, StorageFull
from retrieval.store.blobs import BlobStore, sync_folder


@dataclass(frozen=True, slots=True)
class Backup:
    """What was saved, or brought back."""

    documents: int
    chunks: int
    originals: int
    left_out: Sequence[str]  # sha256 of originals that were missing or damaged
    size: int  # bytes of the file


def back_up(settings: Settings, target: Path, report: Report, *, overwrite: bool = False) -> Backup:
    """Writes, verifies and names the file, in this order: under its name there is never half a backup.

    Raises `Conflict` if the file exists or the database is damaged, `NotFound` without a database, `StorageFull`.
    """
    source = database_file(str(settings.database_url))
    _check_target(target, overwrite)
    if not source.exists():
        raise NotFound(f"There is no database in {source.parent}; set SCHOLIAST_DATA_DIR to the data folder.")
    with disk_errors(), staging_folder(target.parent) as aside, staging_folder(settings.data_dir) as kept:
        store = BlobStore(settings.data_dir / "blobs")
        # Before the copy: an original that the copy names may lose its document, and be swept, a second later.
        # One that comes after this is too young to be swept.
        _keep(store, store.names(), kept)
        report("copying the database", 0, 1)
        content = copy_database(source, aside / DATABASE)
        report("copying the database", 1, 1)
        _keep(store, content.originals, kept)
        sound = _sound(kept, content.originals, report)
        sources = {DATABASE: aside / DATABASE, **{blob_name(sha256): path for sha256, path in sound.items()}}
        manifest = Manifest(
            schema=content.schema,
            created_at=time.time(),
            counts=content.counts,
            left_out=sorted(content.originals - sound.keys()),
            members=_members(sources),
        )
        write_archive(aside / "archive", manifest, sources, report)
        verify_archive(aside / "archive", report)
        _check_target(target, overwrite)
        (aside / "archive").chmod(0o600)  # it holds everything that the documents say
        (aside / "archive").replace(target)
        sync_folder(target.parent)
    return describe(manifest, content, target)


def describe(manifest: Manifest, content: DatabaseContent, file: Path) -> Backup:
    """The figures of a backup file."""
    return Backup(
        documents=content.counts["documents"],
        chunks=content.counts["chunks"],
        originals=len(manifest.members) - 1,
        left_out=manifest.left_out,
        size=file.stat().st_size,
    )


def _check_target(target: Path, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise InvalidRequest(f"There is no folder {target.parent} to put the backup in.")
    if target.is_dir():
        raise InvalidRequest(f"{target} is a folder; give the name of a file.")
    if target.exists() and not overwrite:
        raise Conflict(f"{target} exists; --force overwrites it.")


def _keep(store: BlobStore, names: Iterable[str], folder: Path) -> None:
    """Holds on to the originals by names of their own, which cost no space; a missing one is left out."""
    for sha256 in names:
        kept = folder / sha256
        if kept.exists():
            continue
        try:
            path = store.path(sha256)
            _link_or_copy(path, kept)
        except (NotFound, FileNotFoundError):
            continue


def _link_or_copy(path: Path, kept: Path) -> None:
    try:
        os.link(path, kept)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(path, kept)


def _sound(kept: Path, originals: Iterable[str], report: Report) -> Mapping[str, Path]:
    """Those of the originals that are there and are what their names say."""
    paths = [kept / sha256 for sha256 in sorted(originals) if (kept / sha256).exists()]
    total, done, sound = sum(path.stat().st_size for path in paths), 0, {}
    for path in paths:
        if _sha256(path) == path.name:
            sound[path.name] = path
        done += path.stat().st_size
        report("checking the originals", done, total)
    return sound


def _members(sources: Mapping[str, Path]) -> Mapping[str, Member]:
    return {
        name: Member(_sha256(path) if name == DATABASE else path.name, path.stat().st_size)
        for name, path in sources.items()
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def disk_errors() -> Iterator[None]:
    """Says what a person can do about a disk that does not take the file."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk is full; free some space, or write the backup to another disk.") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise InvalidRequest(f"{error.filename} cannot be written: {error.strerror}.") from error
        raise
