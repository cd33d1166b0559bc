"""The trace: one entry a stage, in order, that explains an answer. It is an object of the API, not a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class StageTrace:
    """What one stage took in, gave out and cost."""

    stage: str
    milliseconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)
    skipped: str | None = None  # the reason, when the stage did not run

    def record(self, **details: Any) -> None:
        """Adds facts about the stage, JSON values only."""
        self.details.update(details)


class Trace:
    """Collects the stages of one request in the order in which they ran."""

    def __init__(self) -> None:
        self.stages: list[StageTrace] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[StageTrace]:
        """Times the enclosed block as the stage `name`; the entry is kept even if the block raises."""
        entry = StageTrace(name)
        self.stages.append(entry)
        started = time.perf_counter()
        try:
            yield entry
        finally:
            entry.milliseconds = round(1000 * (time.perf_counter() - started), 2)

    def skip(self, name: str, reason: str) -> None:
        """Notes that the stage `name` did not run, and why."""
        self.stages.append(StageTrace(name, skipped=reason))

    def recorded(self, stage: str, name: str) -> Any | None:
        """What the last stage of this name noted under a name; None if it did not run, or noted no such thing."""
        return next((entry.details.get(name) for entry in reversed(self.stages) if entry.stage == stage), None)

    def as_dict(self) -> dict[str, Any]:
        """The trace as the API shows it: `{"stages": [...], "milliseconds": total}`."""
        return {
            "milliseconds": round(sum(entry.milliseconds for entry in self.stages), 2),
            "stages": [
                {
                    "stage": entry.stage,
                    "milliseconds": entry.milliseconds,
                    **({"skipped": entry.skipped} if entry.skipped else {}),
                    **entry.details,
                }
                for entry in self.stages
            ],
        }
