"""The commands say in one line what went wrong and exit with 1."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.models.catalogue import CATALOGUE
from app.models.commands import models


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(models, [str(argument) for argument in arguments])


def assert_fails_in_one_line(result: Result, words: str) -> None:
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_list_shows_every_model_and_that_none_is_installed(tmp_path: Path) -> None:
    result = run("list", "--models-dir", tmp_path)
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines() if line.split() and line.split()[0] in CATALOGUE]
    assert [row[0] for row in rows] == list(CATALOGUE)
    assert all("no" in row for row in rows)


def test_the_folder_of_the_settings_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOLIAST_MODELS_DIR", str(tmp_path))
    (tmp_path / "all-MiniLM-L6-v2").mkdir()
    assert "damaged" in run("list").stdout


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    assert_fails_in_one_line(run("pull", "bert", "--models-dir", tmp_path), "all-MiniLM-L6-v2")


def test_a_models_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_fails_in_one_line(run("pull", "--models-dir", tmp_path / "file" / "models"), "cannot be used")


def test_verify_without_any_model_says_what_to_run(tmp_path: Path) -> None:
    assert_fails_in_one_line(run("verify", "--models-dir", tmp_path), "scholiast models pull")


def test_verify_names_the_damaged_model(tmp_path: Path) -> None:
    (tmp_path / "all-MiniLM-L6-v2").mkdir()
    result = run("verify", "--models-dir", tmp_path)
    assert "all-MiniLM-L6-v2: damaged" in result.stdout
    assert_fails_in_one_line(result, "scholiast models pull all-MiniLM-L6-v2")


@pytest.mark.parametrize("command", ["pull", "list", "verify"])
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--models-dir" in result.stdout
