"""A backup holds what one moment saw, whole and verified, also while the service is written to."""

import os
import sqlite3
import tarfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.backup import Backup, back_up
from app.backup_archive import DATABASE, verify_archive
from app.cli import app as command_line
from app.settings import Settings
from retrieval.errors import Conflict, InvalidRequest, NotFound, ScholiastError
from tests.app.conftest import Running


def silent(_step: str, _done: int, _total: int) -> None:
    pass


def save(running: Running, target: Path, **options: Any) -> Backup:
    return back_up(running.service.settings, target, silent, **options)


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}  # type: ignore[union-attr]


def database_of(file: Path, folder: Path) -> sqlite3.Connection:
    (folder / "unpacked.db").write_bytes(members(file)[DATABASE])
    return sqlite3.connect(folder / "unpacked.db")


def originals_of(connection: sqlite3.Connection) -> set[str]:
    return {sha256 for (sha256,) in connection.execute("SELECT content_sha256 FROM revisions")}


@pytest.fixture
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups") / "saved.tar.gz"


def test_it_holds_the_database_and_exactly_the_originals_it_names(running: Running, target: Path) -> None:
    running.add("Kept text.")
    gone = running.add("Deleted text.")
    running.client.delete(f"/v1/documents/{gone}")
    made = save(running, target)
    assert (made.documents, made.originals, made.left_out) == (1, 1, [])
    connection = database_of(target, target.parent)
    assert {Path(name).name for name in members(target) if name.startswith("blobs/")} == originals_of(connection)
    assert b"Kept text." in members(target).values()
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_indexes_and_workers_stay_out(running: Running, target: Path) -> None:
    running.add("Some text.")
    storage = running.service.storage
    storage.files.build(storage.database, "default", running.embedders.active().model_id)
    save(running, target)
    assert not [name for name in members(target) if "index" in name]
    connection = database_of(target, target.parent)
    assert connection.execute("SELECT count(*) FROM generations").fetchone() == (0,)


def test_nothing_else_is_left_behind_and_only_its_owner_may_read_it(running: Running, target: Path) -> None:
    running.add("Some text.")
    save(running, target)
    assert [path.name for path in target.parent.iterdir()] == ["saved.tar.gz"]
    assert not list(running.service.settings.data_dir.glob("scholiast-unfinished-*"))
    assert target.stat().st_mode & 0o077 == 0


def test_an_existing_file_is_overwritten_only_on_request(running: Running, target: Path) -> None:
    target.write_bytes(b"precious")
    with pytest.raises(Conflict, match="--force"):
        save(running, target)
    assert target.read_bytes() == b"precious"
    save(running, target, overwrite=True)
    verify_archive(target, silent)


def test_a_target_that_cannot_be_written_is_refused_with_the_reason(running: Running, target: Path) -> None:
    with pytest.raises(InvalidRequest, match="is a folder"):
        save(running, target.parent)
    with pytest.raises(InvalidRequest, match="no folder"):
        save(running, target.parent / "missing" / "saved.tar.gz")


def test_originals_that_are_missing_or_damaged_are_left_out_and_named(running: Running, target: Path) -> None:
    for text in ("Missing.", "Damaged.", "Sound."):
        running.add(text)
    store = running.service.storage.blobs
    blobs = {store.path(name).read_text(): store.path(name) for name in store.names()}
    blobs["Missing."].unlink()
    blobs["Damaged."].write_text("damaged!")
    made = save(running, target)
    assert set(made.left_out) == {blobs["Missing."].name, blobs["Damaged."].name}
    assert made.originals == 1


def test_a_damaged_database_gives_no_backup(running: Running, target: Path) -> None:
    running.add("Some text.")
    path = running.service.settings.data_dir / "scholiast.db"
    running.service.stop()  # its thread would open the database again
    running.service.storage.close()
    content = bytearray(path.read_bytes())
    content[5 * 4096 : 40 * 4096] = b"\xff" * 35 * 4096
    path.write_bytes(content)
    with pytest.raises(Conflict, match="cannot be copied.*malformed"):
        save(running, target)
    assert not target.exists()


def test_a_newer_schema_is_refused(running: Running, target: Path) -> None:
    with sqlite3.connect(running.service.settings.data_dir / "scholiast.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'of the future'")
    connection.close()
    with pytest.raises(Conflict, match="newer"):
        save(running, target)


def test_without_a_database_there_is_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no database"):
        back_up(Settings(data_dir=tmp_path, _env_file=None), tmp_path / "saved.tar.gz", silent)


def test_postgresql_is_referred_to_its_own_tools(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://host/name", _env_file=None)
    with pytest.raises(InvalidRequest, match="pg_dump"):
        back_up(settings, tmp_path / "saved.tar.gz", silent)


def test_backups_during_uploads_and_deletions_are_each_consistent(running: Running, target: Path) -> None:
    storage = running.service.storage
    old = [running.add(f"Old text number {number}.") for number in range(40)]
    for name in storage.blobs.names():
        os.utime(storage.blobs.path(name), (0, 0))  # the sweep spares what is young
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for number, document in enumerate(old):
                running.add(f"New text number {number}. " * 50)
                running.client.delete(f"/v1/documents/{document}")
                storage.blobs.sweep(storage.database, time.time())
        except BaseException as failure:  # noqa: BLE001 - reported by the test
            failures.append(failure)

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive():
        made = save(running, target, overwrite=True)
        with closing(database_of(target, target.parent)) as connection:
            saved = {Path(name).name for name in members(target) if name.startswith("blobs/")}
            assert (saved, made.left_out) == (originals_of(connection), [])
        seen.add(frozenset(saved))
    writer.join()
    assert not failures
    assert len(seen) > 1


def test_the_command_says_what_it_saved(running: Running, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running.add("Some text.")
    monkeypatch.setenv("SCHOLIAST_DATA_DIR", str(running.service.settings.data_dir))
    result = CliRunner().invoke(command_line, ["backup", str(target)])
    assert result.exit_code == 0, result.output
    assert "1 documents, 1 chunks and 1 originals" in result.output
    assert "writing" in result.output
    again = CliRunner().invoke(command_line, ["backup", str(target)])
    assert isinstance(again.exception, ScholiastError)
    assert CliRunner().invoke(command_line, ["backup", "--force", str(target)]).exit_code == 0


def test_the_command_fails_after_writing_if_an_original_is_missing(
    running: Running, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.add("Some text.")
    store = running.service.storage.blobs
    store.path(next(iter(store.names()))).unlink()
    monkeypatch.setenv("SCHOLIAST_DATA_DIR", str(running.service.settings.data_dir))
    result = CliRunner().invoke(command_line, ["backup", str(target)])
    assert result.exit_code == 1
    assert "1 originals were missing" in result.output
    assert target.exists()
