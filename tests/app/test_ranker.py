"""`scholiast ranker`: the commands over a data folder, and what they say."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.ranker import app, main
from app.settings import Settings
from app.wiring import open_storage
from retrieval.ranking import Ranker
from retrieval.store import collections, models, ranker_versions
from retrieval.store.ranker_versions import NewVersion


@pytest.fixture
def folder(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a collection that has two versions, the second refused."""
    shutil.copy(empty_database, tmp_path)
    monkeypatch.setenv("SCHOLIAST_DATA_DIR", str(tmp_path))
    storage = open_storage(Settings(_env_file=None))
    ranker = Ranker()
    with storage.database.write() as connection:
        models.settle(connection, f"{ranker.embedder}@1", ranker.embedder)
        collections.ensure(connection, "work")
        for accepted in (True, False):
            new = NewVersion("feedback", ranker.embedder, ranker.text, {"reason": f"accepted: {accepted}"}, accepted)
            ranker_versions.add(connection, "work", new)
    storage.close()
    return tmp_path


def run(*arguments: str) -> str:
    found = CliRunner().invoke(app, arguments)
    assert found.exception is None, found.exception
    return found.output


def test_versions_are_listed_with_what_the_gate_said(folder: Path) -> None:
    shown = run("list", "-c", "work")
    assert "accepted: True" in shown
    assert "refused" in shown
    assert "0 clicks" in shown


def test_rolling_back_says_which_version_answers(folder: Path) -> None:
    assert "Version 0 answers in 'work'" in run("rollback", "-c", "work")
    assert "Version 1 answers in 'work'" in run("rollback", "-c", "work", "--to", "1")


def test_what_cannot_be_done_is_one_line_and_exit_code_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.nice", lambda _: 0)
    for arguments, said in (
        (["train", "-c", "work"], "--from"),
        (["train", "-c", "nowhere"], "no collection"),
        (["evaluate", "-c", "work"], "Nothing was clicked"),
        (["rollback", "-c", "work", "--to", "2"], "refused"),
        (["rollback", "-c", "work", "--to", "9"], "no ranker version 9"),
    ):
        monkeypatch.setattr("sys.argv", ["scholiast ranker", *arguments])
        assert main() == 1
        assert said in " ".join(capsys.readouterr().out.split())
