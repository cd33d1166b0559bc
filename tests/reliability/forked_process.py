"""Processes that a test may kill, forked from one that has imported everything already.

Starting Python and importing the worker takes seconds of processor time, several times what the work takes that is
interrupted; a process that was forked dies no other death.
"""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from retrieval import failpoints

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.app.scripted_worker", "app.wiring", "sklearn.decomposition", "sklearn.mixture"])


def start(work: Callable[..., object], folder: Path, *arguments: str, dies_at: str | None = None) -> ForkServerProcess:
    """A process that does the work on the folder, or dies at a failpoint of it."""
    process = _CONTEXT.Process(target=_run, args=(work, folder, arguments, dies_at), daemon=True)
    process.start()
    return process


def exit_code(process: ForkServerProcess, seconds: float = 240) -> int | None:
    """How the process ended, below 0 if by a signal; None if it still runs after so many seconds."""
    process.join(seconds)
    return process.exitcode


def stop(process: ForkServerProcess) -> None:
    """Has a worker end in order."""
    process.terminate()
    assert exit_code(process, 30) is not None


def _run(work: Callable[..., object], folder: Path, arguments: tuple[str, ...], dies_at: str | None) -> None:
    if dies_at is not None:
        failpoints.arm(dies_at)
    work(folder, *arguments)
    os._exit(0)  # without waiting for threads, as the worker's own command
