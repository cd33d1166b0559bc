"""A restored folder is the one that was saved; a restore that cannot be done changes nothing."""

import fcntl
import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.backup import back_up
from app.backup_archive import DATABASE, Member, verify_archive, write_archive
from app.cli import app as command_line
from app.restore import Restored, _rename_all, restore
from app.settings import Settings
from app.wiring import open_storage
from retrieval.errors import Conflict, InvalidRequest, ScholiastError
from retrieval.pipeline import Retriever
from retrieval.snapshot import Snapshots
from retrieval.store import documents
from retrieval.store.database import Database
from retrieval.types import SearchRequest
from tests.app.conftest import Running
from tests.fakes import HashEmbedder, scripted_ranker

_TEXTS = [f"Document {number} speaks of {subject}." for number, subject in enumerate(["goats", "boats", "coats"])]


def silent(_step: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def saved(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup of a running service with three documents that are ready and one that waits."""
    for text in _TEXTS:
        running.add(text, metadata={"year": 2026})
    running.client.post("/v1/documents/text", json={"name": "waiting.txt", "text": "Waiting text."})
    file = tmp_path_factory.mktemp("backups") / "saved.tar.gz"
    back_up(running.service.settings, file, silent)
    return file


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder that does not exist yet."""
    return Settings(data_dir=tmp_path_factory.mktemp("fresh") / "data", _env_file=None)


def bring_back(settings: Settings, file: Path, **options: Any) -> Restored:
    return restore(settings, file, silent, **options)


def state(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder with its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).digest() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def found(settings: Settings, query: str) -> list[tuple[str, str, float]]:
    storage = open_storage(settings)
    snapshots = Snapshots(storage.database, storage.files)
    embedders = {HashEmbedder.model_id: HashEmbedder()}
    retriever = Retriever(storage.database, snapshots, embedders, scripted_ranker())
    hits = retriever.search(SearchRequest(query, "default", 5)).hits
    storage.close()
    return [(hit.chunk.id, hit.chunk.text, hit.score) for hit in hits]


def statuses(settings: Settings) -> dict[str, str]:
    database = Database(str(settings.database_url))
    with database.read() as connection:
        listed = {document.name: document.status for document in documents.list_page(connection, None, None, 99, None)}
    database.close()
    return listed


@contextmanager
def scripted_worker(settings: Settings, name: str, **environment: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.app.scripted_worker", str(settings.data_dir), name]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        yield
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_searches_find_the_same_as_before(running: Running, saved: Path, fresh: Settings) -> None:
    done = bring_back(fresh, saved)
    assert (done.backup.documents, done.backup.chunks, done.backup.originals, done.replaced) == (4, 3, 4, [])
    for query in ("goats", "boats and coats", "document"):
        assert found(fresh, query) == found(running.service.settings, query)


def test_originals_come_back_byte_for_byte(running: Running, saved: Path, fresh: Settings) -> None:
    bring_back(fresh, saved)
    assert state(fresh.data_dir / "blobs") == state(running.service.settings.data_dir / "blobs")


def test_nothing_unfinished_is_left_behind(saved: Path, fresh: Settings) -> None:
    bring_back(fresh, saved)
    assert sorted(path.name for path in fresh.data_dir.iterdir()) == ["blobs", "scholiast.db"]


def test_indexes_are_rebuilt_and_waiting_documents_go_on(saved: Path, fresh: Settings) -> None:
    bring_back(fresh, saved)
    with scripted_worker(fresh, "worker-1"):
        wait_for(lambda: set(statuses(fresh).values()) == {"ready"})
        wait_for(lambda: any(path.name.isalnum() for path in (fresh.data_dir / "indexes").iterdir()))


def test_a_document_that_was_being_processed_goes_on_under_another_worker(
    running: Running, tmp_path_factory: pytest.TempPathFactory, fresh: Settings
) -> None:
    running.client.post("/v1/documents/text", json={"name": "slow.txt", "text": "SLOW text."})
    file = tmp_path_factory.mktemp("backups") / "saved.tar.gz"
    origin = running.service.settings
    with scripted_worker(origin, "worker-1", SCRIPTED_SLOW="1"):
        wait_for(lambda: statuses(origin)["slow.txt"] == "processing")
        back_up(origin, file, silent)
    bring_back(fresh, file)
    assert statuses(fresh)["slow.txt"] == "processing"
    with scripted_worker(fresh, "another"):
        wait_for(lambda: statuses(fresh)["slow.txt"] == "ready")


def test_a_folder_that_holds_anything_is_refused(running: Running, saved: Path, fresh: Settings) -> None:
    fresh.data_dir.mkdir()
    (fresh.data_dir / "notes.txt").touch()
    with pytest.raises(Conflict, match="not empty; --force"):
        bring_back(fresh, saved)
    assert list(state(fresh.data_dir)) == ["notes.txt"]


def test_a_backup_inside_an_otherwise_empty_data_folder_is_restored(saved: Path, fresh: Settings) -> None:
    fresh.data_dir.mkdir()
    (fresh.data_dir / "lost+found").mkdir()
    bring_back(fresh, shutil.copy(saved, fresh.data_dir / "mine.tar.gz"))
    assert statuses(fresh)["waiting.txt"] == "queued"


def test_with_force_the_old_data_is_kept_and_can_be_used(running: Running, saved: Path) -> None:
    settings = running.service.settings
    running.add("Added after the backup.", name="later.txt")
    before = statuses(settings)
    originals = state(settings.data_dir / "blobs")
    running.service.stop()  # its thread would open the database again
    running.service.storage.close()
    with pytest.raises(Conflict, match="--force"):
        bring_back(settings, saved)
    done = bring_back(settings, saved, replace=True)
    (kept,) = done.replaced
    assert kept.name.startswith("replaced-")
    assert kept.parent == settings.data_dir
    assert before.keys() - statuses(settings).keys() == {"later.txt"}
    assert statuses(Settings(data_dir=kept, _env_file=None)) == before
    assert state(kept / "blobs") == originals


def test_what_earlier_restores_kept_stays(saved: Path, fresh: Settings) -> None:
    bring_back(fresh, saved)
    kept = [bring_back(fresh, saved, replace=True).replaced for _ in range(3)]
    assert len({folder for folders in kept for folder in folders}) == 3
    assert all((folder / "scholiast.db").exists() for (folder,) in kept)


def test_renames_are_all_done_or_none(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    renames = [(tmp_path / "old", tmp_path / "kept" / "old"), (tmp_path / "missing", tmp_path / "new")]
    with pytest.raises(FileNotFoundError):
        _rename_all(renames)
    assert state(tmp_path).keys() == {"old"}


def test_with_force_a_database_beyond_reading_is_replaced_too(saved: Path, fresh: Settings) -> None:
    fresh.data_dir.mkdir()
    (fresh.data_dir / "scholiast.db").write_bytes(b"garbage" * 1000)
    (fresh.data_dir / "scholiast.db-wal").write_bytes(b"garbage")
    (kept,) = bring_back(fresh, saved, replace=True).replaced
    assert sorted(path.name for path in kept.iterdir()) == ["scholiast.db", "scholiast.db-wal"]
    assert statuses(fresh)["waiting.txt"] == "queued"


def test_it_is_refused_while_the_service_runs(running: Running, saved: Path) -> None:
    before = state(running.service.settings.data_dir / "blobs")
    with pytest.raises(Conflict, match="in use"):
        bring_back(running.service.settings, saved, replace=True)
    assert state(running.service.settings.data_dir / "blobs") == before
    assert running.client.get("/v1/documents").status_code == 200


def test_it_is_refused_while_a_worker_runs(saved: Path, fresh: Settings) -> None:
    (fresh.data_dir / "locks").mkdir(parents=True)
    with (fresh.data_dir / "locks" / "worker-1.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="in use"):
            bring_back(fresh, saved, replace=True)
    bring_back(fresh, saved)


def test_a_damaged_file_changes_nothing(running: Running, saved: Path, fresh: Settings) -> None:
    settings = running.service.settings
    running.service.stop()  # its thread would open the database again
    running.service.storage.close()
    before = state(settings.data_dir)
    sound = saved.read_bytes()
    for place in random.Random(4).sample(range(len(sound)), 25):
        damaged = bytearray(sound)
        damaged[place] ^= 0xFF
        saved.write_bytes(damaged)
        with pytest.raises(InvalidRequest):
            bring_back(settings, saved, replace=True)
        with pytest.raises(InvalidRequest):
            bring_back(fresh, saved)
    saved.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(InvalidRequest, match="cut off"):
        bring_back(settings, saved, replace=True)
    assert state(settings.data_dir) == before
    assert not fresh.data_dir.exists()


def altered(saved: Path, statement: str, **manifest: Any) -> Path:
    """The same backup, with another database and another manifest: sound, but not as this version would make it."""
    unpacked = saved.parent / "unpacked"
    with tarfile.open(saved) as tar:
        tar.extractall(unpacked, filter="data")
    with closing(sqlite3.connect(unpacked / DATABASE)) as connection, connection:
        connection.execute(statement)
    stated = verify_archive(saved, silent)
    sources = {name: unpacked / name for name in stated.members}
    members = {
        name: Member(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
        for name, path in sources.items()
    }
    file = saved.with_name("altered.tar.gz")
    write_archive(file, replace(stated, members=members, **manifest), sources, silent)
    return file


_FUTURE = "UPDATE alembic_version SET version_num = 'future'"


@pytest.mark.parametrize(
    ("statement", "manifest", "error", "words"),
    [
        (_FUTURE, {"schema": "future"}, Conflict, "newer"),
        (_FUTURE, {}, Conflict, "newer"),
        ("DROP TABLE alembic_version", {}, Conflict, "cannot be read"),
        ("DELETE FROM alembic_version", {}, Conflict, "not one of Scholiast"),
        ("UPDATE revisions SET content_sha256 = 'other'", {}, InvalidRequest, "do not belong together"),
        ("DELETE FROM revisions", {}, InvalidRequest, "do not belong together"),
    ],
)
def test_a_sound_file_with_a_database_that_does_not_fit_is_refused(
    saved: Path, fresh: Settings, statement: str, manifest: dict[str, str], error: type[ScholiastError], words: str
) -> None:
    with pytest.raises(error, match=words):
        bring_back(fresh, altered(saved, statement, **manifest))
    assert not fresh.data_dir.exists()


def test_a_file_that_is_not_there_is_named(fresh: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no file"):
        bring_back(fresh, tmp_path / "missing.tar.gz")


def test_the_database_goes_where_the_settings_say(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("apart")
    url = f"sqlite:///{folder / 'elsewhere' / 'rows.db'}"
    settings = Settings(data_dir=folder / "data", database_url=url, _env_file=None)
    bring_back(settings, saved)
    assert found(settings, "goats")
    (*_, kept) = bring_back(settings, saved, replace=True).replaced
    assert (kept / "rows.db").exists()


def test_the_command_says_what_came_back(saved: Path, fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOLIAST_DATA_DIR", str(fresh.data_dir))
    result = CliRunner().invoke(command_line, ["restore", str(saved)])
    assert result.exit_code == 0, result.output
    assert "4 documents, 3 chunks and 4 originals restored" in result.output
    again = CliRunner().invoke(command_line, ["restore", str(saved)])
    assert isinstance(again.exception, ScholiastError)
    forced = CliRunner().invoke(command_line, ["restore", "--force", str(saved)])
    assert "replaced-" in forced.output
