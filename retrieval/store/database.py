"""The database: engine, transactions and schema upgrades. Knows nothing of what the rows mean.

SQLite runs in WAL mode with `synchronous=FULL`, so a commit that returned survives a power cut; readers never wait
for the writer. Writers take the lock when they begin (`BEGIN IMMEDIATE`): a transaction that reads and then writes
cannot fail half-way because another one wrote first.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from retrieval.errors import Conflict, StorageFull

# Two processes may both be told to upgrade; a thread lock is not enough, so the upgrade itself is one transaction.
_UPGRADE_LOCK = threading.Lock()


class Database:
    """Short transactions on one engine; `read` and `write` hand out connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _sqlite_engine(url) if make_url(url).get_backend_name() == "sqlite" else create_engine(url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing written here is kept."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, durable when the block ends without an error. Raises `StorageFull` on a full disk."""
        try:
            with self.engine.connect().execution_options(write=True) as connection, connection.begin():
                yield connection
        except OperationalError as error:
            if "full" in str(error.orig):
                raise StorageFull("The disk is full; free some space and try again.") from error
            raise

    def upgrade(self) -> None:
        """Brings the schema to this version's; refuses a database written by a newer version (`Conflict`)."""
        scripts = ScriptDirectory.from_config(_alembic_configuration())
        with _UPGRADE_LOCK, self.engine.connect().execution_options(write=True) as connection, connection.begin():
            current = MigrationContext.configure(connection).get_current_revision()
            if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
                raise Conflict("The data folder was written by a newer Scholiast; upgrade Scholiast to open it.")
            if current != scripts.get_current_head():
                command.upgrade(_alembic_configuration(connection), "head")

    def close(self) -> None:
        """Closes all pooled connections."""
        self.engine.dispose()


def _alembic_configuration(connection: Connection | None = None) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    configuration.attributes["connection"] = connection
    return configuration


def _sqlite_engine(url: str) -> Engine:
    # 30 s: what a writer waits for another's transaction before it gives up.
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=20)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = (
            None  # transactions begin where the handler below says, not where the driver guesses
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
