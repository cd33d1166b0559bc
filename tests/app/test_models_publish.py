"""A finished folder appears whole."""

from pathlib import Path

import pytest

from app.models.publish import publish_folder


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    folder = tmp_path / ".partial"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("new")
    (folder / "inner" / "file").chmod(0o600)
    return folder


def test_the_folder_moves_with_all_that_is_in_it(tmp_path: Path, finished: Path) -> None:
    publish_folder(finished, tmp_path / "model")
    assert (tmp_path / "model" / "inner" / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_older_folder_is_replaced_and_not_mixed(tmp_path: Path, finished: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").touch()
    publish_folder(finished, tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["inner"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_another_user_may_read_the_files(tmp_path: Path, finished: Path) -> None:
    publish_folder(finished, tmp_path / "model")
    assert (tmp_path / "model" / "inner" / "file").stat().st_mode & 0o777 == 0o644
