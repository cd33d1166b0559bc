"""A training run on disk: a power cut costs what was learnt since the last save, never the file.

Safetensors, because a checkpoint may come from elsewhere and must not run code. Written beside the old one and renamed
only when it has reached the disk.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generation.training_schedule import Schedule
from retrieval.errors import ModelUnavailable

# Where a run stands, and where it stood when its rate began to fall: there a longer run goes on.
LATEST, BEFORE_DECAY = "latest.safetensors", "before-decay.safetensors"


@dataclass(frozen=True, slots=True)
class Progress:
    """What has been done, and of which run; a run with other values is another run."""

    step: int
    steps: int
    seed: int
    examples: int
    seconds: float  # spent on it, over all sittings


def save(folder: Path, name: str, progress: Progress, tensors: Mapping[str, Tensor]) -> None:
    """Writes a checkpoint durably under the name."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{name}.unfinished"
    contiguous = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    save_file(contiguous, unfinished, {"progress": json.dumps(asdict(progress))})
    _flush(unfinished)
    unfinished.replace(folder / name)
    _flush(folder)


def load(folder: Path, name: str) -> tuple[Progress, dict[str, Tensor]]:
    """The checkpoint of the name; raises `ModelUnavailable` if it is missing or cannot be read."""
    try:
        with safe_open(folder / name, "pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            return progress, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(
            f"There is no checkpoint {name} that can be read; begin anew without --resume."
        ) from error


def resumable(folder: Path, steps: int) -> str:
    """The checkpoint that a run of so many steps goes on from; raises `ModelUnavailable` if there is none."""
    progress, _ = load(folder, LATEST)
    decaying = progress.step > Schedule(progress.steps, 1.0).decay_begins
    return BEFORE_DECAY if decaying and progress.steps != steps else LATEST


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
