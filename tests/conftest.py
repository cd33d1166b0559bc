"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from app.settings import Settings
from app.wiring import open_storage
from tests.fakes import Library

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("scholiast", deadline=None)
settings.load_profile("scholiast")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the machine it runs on, and none reaches a model hub."""
    for name in list(os.environ):
        if name.startswith("SCHOLIAST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    built = Library(tmp_path)
    yield built
    built.database.close()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, made once: the hundred migrations of the job queue take a second."""
    folder = tmp_path_factory.mktemp("empty")
    open_storage(Settings(data_dir=folder, _env_file=None)).close()
    return folder / "scholiast.db"
