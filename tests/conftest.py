"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import Library


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
