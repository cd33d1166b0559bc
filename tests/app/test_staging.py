"""Unfinished work is never mistaken for finished, nor work under way for abandoned."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from app.staging import abandoned_folders, is_staging, staging_folder


def test_the_folder_is_gone_when_the_work_ends_and_when_it_fails(tmp_path: Path) -> None:
    with staging_folder(tmp_path) as folder:
        (folder / "part").touch()
        assert is_staging(folder)
    with pytest.raises(RuntimeError), staging_folder(tmp_path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_only_folders_without_a_process_are_abandoned(tmp_path: Path) -> None:
    with staging_folder(tmp_path) as folder:
        os.utime(folder, (0, 0))
        assert list(abandoned_folders(tmp_path)) == []
    (tmp_path / "another-folder").mkdir()
    assert list(abandoned_folders(tmp_path)) == []


def _hang(folder: Path) -> None:
    with staging_folder(folder):
        time.sleep(60)


def test_a_killed_process_leaves_an_abandoned_folder(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hang, args=(tmp_path,))
    process.start()
    while not list(tmp_path.iterdir()):
        time.sleep(0.05)
    process.kill()
    process.join()
    (left,) = tmp_path.iterdir()
    assert list(abandoned_folders(tmp_path)) == []  # it may have been made just now
    os.utime(left, (0, 0))
    assert list(abandoned_folders(tmp_path)) == [left]
    with staging_folder(tmp_path):
        assert not left.exists()
