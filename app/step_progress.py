"""Shows how a command gets on: bars on a terminal, a line for each step where the output is a file or a log."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.backup_archive import Report


@contextmanager
def steps_on(console: Console) -> Iterator[Report]:
    """What to report steps to, while the block runs."""
    if not console.is_terminal:
        yield _line_report(console)
        return
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step)
            bars.update(tasks[step], completed=done, total=total)

        yield report


def _line_report(console: Console) -> Report:
    seen: set[str] = set()

    def report(step: str, _done: int, _total: int) -> None:
        if step not in seen:
            seen.add(step)
            console.print(step, soft_wrap=True)

    return report
