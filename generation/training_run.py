"""One sitting of training: steps until the end or until somebody stops it, with reports and checkpoints on the way.

Knows nothing of what is trained. Parts of a batch are computed by threads of one processor each, because threads that
share every product wait for each other some hundred times a step; their gradients are added in their order, so a seed
gives the same weights whichever thread was faster.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import torch

from generation.training_checkpoint import BEFORE_DECAY, LATEST

Batch = TypeVar("Batch")
SAVED_EVERY = 180.0  # seconds
REPORTED_EVERY = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: how long, from which seed, where checkpoints lie, and how."""

    steps: int
    seed: int
    checkpoints: Path
    threads: int
    device: str  # of torch
    dtype: torch.dtype  # that products are computed in


@dataclass(frozen=True, slots=True)
class Report:
    """How a run is doing."""

    step: int
    steps: int
    loss: float  # mean since the last report
    examples_per_second: float
    seconds_left: float


@dataclass(slots=True)
class Position:
    """Where a run stands."""

    step: int = 0  # steps done
    examples: int = 0
    seconds: float = 0.0  # spent, over all sittings
    decaying: bool = False  # whether the rate has begun to fall


class Steps(Protocol[Batch]):
    """What can be trained in steps."""

    @property
    def position(self) -> Position: ...

    @property
    def decay_begins(self) -> int: ...

    def batches(self) -> Iterator[Batch]:
        """The batches from the present step on, without end."""
        ...

    def train_on(self, batch: Batch, pool: ThreadPoolExecutor) -> tuple[float, int]:
        """One step: the batch's loss, and its examples."""
        ...

    def save(self, name: str) -> None: ...


def sitting(training: Steps[Batch], plan: Plan, report: Callable[[Report], None], stopped: Callable[[], bool]) -> bool:
    """Trains to the end of the plan or until stopped, and leaves a checkpoint; True if it came to the end."""
    began = saved = reported = time.monotonic()
    position = training.position
    spent, first, seen, losses = position.seconds, position.step, position.examples, list[float]()
    with ThreadPoolExecutor(plan.threads, "training", initializer=_compute_alone) as pool:
        for batch in training.batches():
            if position.step >= plan.steps or stopped():
                break
            if position.step >= training.decay_begins and not position.decaying:
                training.save(BEFORE_DECAY)
                position.decaying = True
            loss, examples = training.train_on(batch, pool)
            losses.append(loss)
            position.step += 1
            position.examples += examples
            now = time.monotonic()
            position.seconds = spent + now - began
            if now - reported > REPORTED_EVERY or position.step == plan.steps:
                left = (plan.steps - position.step) * (now - began) / (position.step - first)
                speed = (position.examples - seen) / (now - began)
                report(Report(position.step, plan.steps, sum(losses) / len(losses), speed, left))
                reported, losses = now, []
            if now - saved > SAVED_EVERY:
                training.save(LATEST)
                saved = now
    training.save(LATEST)
    return position.step >= plan.steps


def _compute_alone() -> None:
    torch.get_num_threads()  # a thread that has not looked yet takes over, at its first product, what any set last
    torch.set_num_threads(1)
