"""How long a search may take, and what it does without when there is no time for everything.

Stages give way in the order of `GIVE_WAY`, whatever the order in which they run: one begins only if, by what stages
took lately, those that matter more would still have their time after it. The others (recall, fusion, fetch, evidence)
always run, so a search answers however little time it has.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

# The first to go comes first.
GIVE_WAY = ("translate", "cross_encoder", "late_interaction", "rank")
OUT_OF_TIME = "there is no time for it: max_ms"
# What runs after each of them, whatever happens.
_ALWAYS_AFTER: Mapping[str, tuple[str, ...]] = {
    "translate": ("fusion", "fetch", "evidence"),
    "rank": ("fetch", "evidence"),
    "late_interaction": ("fetch", "evidence"),
    "cross_encoder": ("fetch", "evidence"),
}
_IN_TIME = ("translate", "rank", "late_interaction", "cross_encoder")
# Weight of the latest search in what a stage is expected to take.
_LATEST = 0.2


class Timed(Protocol):
    """A stage that ran, or did not."""

    @property
    def stage(self) -> str: ...

    @property
    def milliseconds(self) -> float: ...

    @property
    def skipped(self) -> str | None: ...


class Pace:
    """What stages took lately; shared by all searches, which may come in any number of threads."""

    def __init__(self) -> None:
        self._milliseconds: dict[str, float] = {}

    def note(self, stages: Iterable[Timed]) -> None:
        """Takes in how long the stages of a search took."""
        for entry in stages:
            if entry.skipped is None:
                before = self._milliseconds.get(entry.stage, entry.milliseconds)
                self._milliseconds[entry.stage] = before + _LATEST * (entry.milliseconds - before)

    def of(self, stages: Iterable[str]) -> float:
        """Milliseconds that these stages will take together; one that never ran counts for nothing."""
        return sum(self._milliseconds.get(stage, 0.0) for stage in stages)


class Deadline:
    """The end of one search's time."""

    def __init__(
        self,
        milliseconds: float | None,
        pace: Pace,
        wanted: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """None: there is no end. `wanted` are the stages of `GIVE_WAY` that the request asks for."""
        self._clock = clock
        self._ends = math.inf if milliseconds is None else clock() + milliseconds / 1000
        self._pace = pace
        self._wanted = wanted

    @property
    def left(self) -> float:
        """Milliseconds that are left, below 0 when the time is up."""
        return 1000 * (self._ends - self._clock())

    def left_for(self, stage: str) -> float:
        """Milliseconds that the stage may take, so that what matters more gets its time after it."""
        more = GIVE_WAY[GIVE_WAY.index(stage) + 1 :]
        later = _IN_TIME[_IN_TIME.index(stage) + 1 :]
        kept = [name for name in more if name in later and name in self._wanted]
        return self.left - self._pace.of([*kept, *_ALWAYS_AFTER[stage]])

    def allows(self, stage: str) -> bool:
        """Whether there is time for the stage, by what it took lately."""
        return self.left_for(stage) > self._pace.of([stage])
