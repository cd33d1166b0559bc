"""Transactions and schema upgrades."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select

from retrieval.errors import Conflict, StorageFull
from retrieval.store.database import Database
from retrieval.store.schema import collections, metadata
from tests.fakes import Library


def test_the_migrations_make_exactly_the_tables_of_the_schema(library: Library) -> None:
    with library.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_upgrading_twice_and_at_once_does_no_harm(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'new.db'}") for _ in range(4)]
    threads = [threading.Thread(target=database.upgrade) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with databases[0].read() as connection:
        assert connection.execute(select(collections)).all() == []
    for database in databases:
        database.close()


def test_a_database_of_a_newer_version_is_refused(library: Library) -> None:
    with library.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match="newer"):
        library.database.upgrade()


def test_commits_survive_a_power_cut_because_the_pragmas_say_so(library: Library) -> None:
    with library.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_failed_block_writes_nothing(library: Library) -> None:
    def half() -> None:
        with library.database.write() as connection:
            connection.execute(insert(collections).values(name="half", settings={}, created_at=0.0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with library.database.read() as connection:
        assert connection.execute(select(collections)).all() == []


def test_a_full_disk_is_said_in_words(library: Library) -> None:
    def fill() -> None:
        with library.database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
            for number in range(10_000):
                row = {"name": f"c{number}", "settings": {"x": "y" * 99}, "created_at": 0.0}
                connection.execute(insert(collections).values(row))

    with pytest.raises(StorageFull):
        fill()
