"""The database of a backup: a copy that is consistent while others write, and the check of one before it is trusted."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import make_url

import retrieval.store.migrations
from retrieval.errors import Conflict, InvalidRequest, NotFound, StorageFull

_COUNTED = ("collections", "documents", "chunks")


@dataclass(frozen=True, slots=True)
class DatabaseContent:
    """What a copy of the database says of itself."""

    schema: str
    counts: Mapping[str, int]
    originals: frozenset[str]  # sha256 of every original that a revision names


def database_file(url: str) -> Path:
    """Where the database lies; raises `InvalidRequest` if it is not a file of SQLite."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise InvalidRequest(
            f"The database is {parsed.get_backend_name()}, which has its own tools: save it with pg_dump and copy the "
            "folder 'blobs' of the data folder after that; bring both back with pg_restore and a copy."
        )
    if not parsed.database or parsed.database.startswith((":memory:", "file:")):
        raise InvalidRequest("SCHOLIAST_DATABASE_URL does not name a file that could be backed up.")
    return Path(parsed.database)


def copy_database(source: Path, target: Path) -> DatabaseContent:
    """Copies the database as one moment saw it; raises `NotFound`, `Conflict` if it is damaged or newer."""
    if not source.exists():
        raise NotFound(f"There is no database in {source.parent}; set SCHOLIAST_DATA_DIR to the data folder.")
    with _opened(
        source, "The database cannot be copied, no backup was made; `scholiast doctor` says more."
    ) as connection:
        _check_integrity(connection)
        connection.execute("VACUUM INTO ?", (str(target),))
    with _opened(target, "The copy of the database cannot be read.") as copied:
        content = _content(copied)
        # Derived or of this moment only: no index and no worker is there when the copy is opened again.
        for table in ("generations", "workers"):
            copied.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    return content


def check_database(path: Path) -> DatabaseContent:
    """What a copy holds, once it has proved sound; raises `Conflict` if it is damaged or newer than this version."""
    with _opened(path, "The backup is damaged: its database cannot be read.") as connection:
        _check_integrity(connection)
        return _content(connection)


def check_schema(revision: str) -> None:
    """Raises `Conflict` for a schema that this version does not know."""
    scripts = ScriptDirectory(str(Path(retrieval.store.migrations.__path__[0])))
    if revision not in {script.revision for script in scripts.walk_revisions()}:
        raise Conflict("The data was written by a newer Scholiast; upgrade Scholiast first.")


def _check_integrity(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _content(connection: sqlite3.Connection) -> DatabaseContent:
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if found is None:
        raise Conflict("The database is not one of Scholiast.")
    check_schema(found[0])
    counts = {
        table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names
        for table in _COUNTED
    }
    originals = connection.execute("SELECT DISTINCT content_sha256 FROM revisions")
    return DatabaseContent(found[0], counts, frozenset(sha256 for (sha256,) in originals))


@contextmanager
def _opened(path: Path, damaged: str) -> Iterator[sqlite3.Connection]:
    """A connection to a database that exists; errors of SQLite become `StorageFull`, or `Conflict` with `damaged`."""
    try:
        # 30 s: as long as the service itself waits for another's transaction.
        address = f"{path.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        if "full" in str(error):
            raise StorageFull("The disk is full; free some space and try again.") from error
        if "locked" in str(error):
            raise Conflict("The database is held by a restore that runs now; try again after it.") from error
        raise Conflict(f"{damaged} ({error})") from error
