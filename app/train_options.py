"""What the commands of `scholiast train` have in common: where sets come from, how a run stops, what it says."""

import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from generation.reader_examples import LabelledSet, labelled
from generation.training_run import Report
from retrieval.fastest_dtype import fastest_dtype

console = Console(highlight=False)
Data = Annotated[
    list[Path],
    typer.Option(exists=True, file_okay=False, help="Folder of sets in the BEIR layout; may be given again."),
]
Seed = Annotated[int, typer.Option(help="Makes a run repeatable.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on where the last run stopped, also after its end with more steps.")
]


def said(shares: Mapping[str, float]) -> str:
    """The sets and their shares as one writes them."""
    return ", ".join(f"{name}={share:g}" for name, share in shares.items())


def chosen(sets: Sequence[str] | None, otherwise: Mapping[str, float]) -> Mapping[str, float]:
    """Shares by name, from `NAME=SHARE` or `NAME`; raises `typer.BadParameter` for what is no share."""
    return dict(map(_share, sets)) if sets else otherwise


def read(data: Sequence[Path], names: Iterable[str], split: str) -> dict[str, LabelledSet]:
    """The sets by name, each from the first of the folders that has it."""
    folders = {name: next((path / name for path in data if (path / name).is_dir()), data[0] / name) for name in names}
    return {name: labelled(folder, split) for name, folder in folders.items()}


def device() -> tuple[str, torch.dtype]:
    """What to compute on, and in which numbers: a GPU where there is one."""
    return ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", fastest_dtype())


def run_until_stopped(
    run: Callable[[Callable[[Report], None], Callable[[], bool]], bool], step: Callable[[], int]
) -> None:
    """Trains until the end; where somebody stops it, says how it goes on, and exits with 1."""
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopping.append(signum))
    ended = run(_print, lambda: bool(stopping))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if not ended:
        console.print(f"Stopped at step {step()}; the same command with --resume goes on.")
        raise typer.Exit(1)


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        found = float(share or 1)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise typer.BadParameter(f"'{share}' is no share; write --set {name}=0.5, or --set {name} for all of it.")
    return name, found


def _print(report: Report) -> None:
    left = time.strftime("%H:%M:%S", time.gmtime(report.seconds_left))
    console.print(
        f"step {report.step} of {report.steps}, loss {report.loss:.3f}, {report.examples_per_second:.1f} examples a "
        f"second, {left} left"
    )
