"""Brings a backup back into a data folder: unpacked aside, verified, then renamed into place, or nothing at all.

Everything happens inside the data folder, because that may be a mount of its own, which cannot be renamed. The
database comes last: until it is there, nothing in the folder refers to anything else.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.backup import Backup, describe, disk_errors
from app.backup_archive import DATABASE, Manifest, Report, blob_name, open_archive
from app.backup_database import DatabaseContent, check_database, check_schema, database_file
from app.settings import Settings
from app.staging import is_staging, staging_folder
from ingest.file_lock import try_lock
from retrieval.errors import Conflict, InvalidRequest, StorageFull
from retrieval.store.blobs import BlobStore, sync_folder

# Not of our making, or worth nothing without the rest.
_NOTHING = frozenset({"lost+found", "locks"})
_IN_USE = "The data folder is in use; stop the service and its workers first."


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, and the folders that now hold what was there before."""

    backup: Backup
    replaced: Sequence[Path]


def restore(settings: Settings, file: Path, report: Report, *, replace: bool = False) -> Restored:
    """Puts the backup in place of what the data folder holds. On any error the folder is as it was.

    Raises `InvalidRequest` for a file that is no sound backup, `Conflict` if the folder is in use, or not empty and not
    to be replaced, or the backup is of a newer version; `StorageFull`.
    """
    database = database_file(str(settings.database_url))
    if not file.is_file():
        raise InvalidRequest(f"There is no file {file}.")
    with disk_errors(), ExitStack() as stack:
        for folder in (settings.data_dir, database.parent):
            stack.enter_context(_existing(folder))
        if not replace:
            _refuse_unless_empty(settings.data_dir, database, file)
        old = stack.enter_context(_unused(settings.data_dir, database))
        aside = stack.enter_context(staging_folder(settings.data_dir))
        database_aside = stack.enter_context(staging_folder(database.parent)) / database.name
        manifest = _unpack(file, BlobStore(aside / "blobs"), database_aside, report)
        restored = describe(manifest, _checked(manifest, database_aside), file)
        if not replace:
            _refuse_unless_empty(settings.data_dir, database, file)  # a service may have started meanwhile
        if old is not None:
            with suppress(sqlite3.DatabaseError):  # a damaged one stays in several files
                old.execute("PRAGMA journal_mode = DELETE")
        replaced = _put_aside(settings.data_dir, database)
        new = [(aside / "blobs", settings.data_dir / "blobs"), (database_aside, database)]
        _rename_all([*replaced, *new])
    return Restored(restored, sorted({target.parent for _, target in replaced}))


def _unpack(file: Path, blobs: BlobStore, database: Path, report: Report) -> Manifest:
    with open_archive(file, report) as (manifest, members):
        check_schema(manifest.schema)
        if shutil.disk_usage(database.parent).free < manifest.size:
            raise StorageFull(f"The backup needs {manifest.size / 1e6:.0f} MB of free space.")
        for name, pieces in members:
            if name == DATABASE:
                with database.open("xb") as copy:
                    copy.writelines(pieces)
                    copy.flush()
                    os.fsync(copy.fileno())
            elif blob_name(blobs.put(pieces).sha256) != name:
                raise InvalidRequest("The backup is damaged: an original is not what its name says.")
    return manifest


def _checked(manifest: Manifest, database: Path) -> DatabaseContent:
    """What the database holds; raises unless the originals are those it names, less those left out knowingly."""
    content = check_database(database)
    brought = {Path(name).name for name in manifest.members if name != DATABASE}
    if content.schema != manifest.schema or brought | set(manifest.left_out) != content.originals:
        raise InvalidRequest("The backup is damaged: its database and its originals do not belong together.")
    return content


@contextmanager
def _existing(folder: Path) -> Iterator[None]:
    """Makes the folder if need be, and takes it away again if the block fails."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if new:
            folder.rmdir()
        raise


def _refuse_unless_empty(data_dir: Path, database: Path, file: Path) -> None:
    held = [
        path
        for path in data_dir.iterdir()
        if path.name not in _NOTHING and not is_staging(path) and path.resolve() != file.resolve()
    ]
    if held or database.exists():
        raise Conflict(
            f"The data folder {data_dir} is not empty; --force keeps what is there in a folder 'replaced-...' inside "
            "it, and restores in its place."
        )


@contextmanager
def _unused(data_dir: Path, database: Path) -> Iterator[sqlite3.Connection | None]:
    """Holds what a service and workers would need, so that none starts meanwhile; `Conflict` if one runs.

    Gives the connection that holds the database; None if there is none that could be opened.
    """
    with ExitStack() as stack:
        for path in (data_dir / "locks").glob("*.lock"):
            file = stack.enter_context(path.open("r"))
            if not try_lock(file):
                raise Conflict(_IN_USE)
        yield stack.enter_context(_held(database)) if database.exists() else None


@contextmanager
def _held(database: Path) -> Iterator[sqlite3.Connection | None]:
    """The database to ourselves. Every process of the service keeps a connection open, which forbids that."""
    address = f"{database.resolve().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=1, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")  # the lock stays until the connection closes
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise Conflict(_IN_USE) from error
            yield None
        except sqlite3.DatabaseError:  # so damaged that nobody can use it
            yield None
        else:
            yield connection


def _put_aside(data_dir: Path, database: Path) -> list[tuple[Path, Path]]:
    """The renames that keep what is there now, in a folder beside it."""
    stamp = time.strftime("replaced-%Y%m%d-%H%M%S")
    names = (f"{stamp}{ending}" for ending in ("", *map("-{}".format, range(2, 1000))))
    name = next(name for name in names if not any((parent / name).exists() for parent in (data_dir, database.parent)))
    files = [database.with_name(database.name + ending) for ending in ("", "-wal", "-shm", "-journal")]
    folders = [data_dir / "blobs", data_dir / "indexes"]
    return [(path, path.parent / name / path.name) for path in [*files, *folders] if path.exists()]


def _rename_all(renames: Sequence[tuple[Path, Path]]) -> None:
    """All of the renames, in order, or none."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in renames:
            target.parent.mkdir(exist_ok=True)
            source.rename(target)
            done.append((source, target))
            sync_folder(target.parent)
            sync_folder(source.parent)
    except BaseException:
        for source, target in reversed(done):
            target.rename(source)
            with suppress(OSError):  # not empty: it was there before
                target.parent.rmdir()
        raise
