"""Transactions and schema upgrades."""

import threading
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, insert, select

from retrieval.errors import Conflict, StorageFull
from retrieval.store import models, schema
from retrieval.store.database import Database, _alembic_configuration
from retrieval.store.schema import chunks, collections, metadata, node_vectors, representations, tree_edges
from tests.fakes import Library


def test_the_migrations_make_exactly_the_tables_of_the_schema(library: Library) -> None:
    with library.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_schema_names_every_table_that_one_of_its_files_defines() -> None:
    files = [import_module(f"{schema.__name__}.{found.name}") for found in iter_modules(schema.__path__)]
    defined = {name for file in files for name, value in vars(file).items() if isinstance(value, Table)}
    assert defined == set(metadata.tables)
    assert defined | {"metadata"} == set(schema.__all__)


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


def test_an_older_database_keeps_its_vectors_and_its_model(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    with database.write() as connection:
        command.upgrade(_alembic_configuration(connection), "0002")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for row in (
            "collections (name, settings, active_generation, created_at) VALUES ('default', '{}', 7, 0)",
            "documents (key, id, collection, name, content_sha256, metadata, active_revision, created_at) "
            "VALUES (1, 'd', 'default', 'a.txt', 'x', '{}', 1, 0)",
            "revisions (key, id, document_key, number, content_sha256, media_type, size, status, warnings, created_at) "
            "VALUES (1, 'r', 1, 1, 'x', 'text/plain', 1, 'ready', '[]', 0)",
            'chunks (key, id, revision_key, ordinal, start, "end", headings, text, terms) '
            "VALUES (1, 'c', 1, 0, 0, 1, '[]', 'a', 'a')",
            "representations (chunk_key, kind, model_id, text_sha256, vector) VALUES (1, 'text', 'hash@1', 'y', x'00')",
            "tree_nodes (key, revision_key, level, ordinal, text, model_id, vector) "
            "VALUES (1, 1, 1, 0, 'a', 'hash@1', x'01')",
            "tree_edges (parent_key, chunk_key) VALUES (1, 1)",
        ):
            connection.exec_driver_sql(f"INSERT INTO {row}")
    database.upgrade()
    with database.read() as connection:
        assert models.active(connection).model_id == "hash@1"
        assert models.active(connection).name == "hash"
        assert [*connection.execute(select(node_vectors))] == [(1, "hash@1", b"\x01")]
        for table in (chunks, representations, tree_edges):
            assert len(connection.execute(select(table)).all()) == 1
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
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
