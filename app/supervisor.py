"""Keeps the workers that `serve` starts alive: child processes, restarted with growing pauses when they die."""

import logging
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Self

_LOGGER = logging.getLogger(__name__)

WORKER = (sys.executable, "-m", "app.worker")

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
# A worker that ran this long was healthy; its death starts the pauses over.
_HEALTHY_SECONDS = 60.0
_STOP_PATIENCE_SECONDS = 20.0


class Supervisor:
    """Runs `count` workers, named worker-1 onwards, until it is stopped."""

    def __init__(self, count: int, command: Sequence[str] = WORKER) -> None:
        """`command` starts a worker; it is given the options `--name` and `--with-parent`."""
        self._command = command
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._supervise, args=(f"worker-{number}",), name=f"supervise-{number}")
            for number in range(1, count + 1)
        ]

    def __enter__(self) -> Self:
        """Starts the workers."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Asks the workers to finish what they must and waits for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _supervise(self, name: str) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            process = subprocess.Popen(  # noqa: S603 - our own module, no outside input
                [*self._command, "--name", name, "--with-parent"]
            )
            seconds = self._watch(process)
            if self._stop.is_set():
                return
            pause = _FIRST_PAUSE_SECONDS if seconds > _HEALTHY_SECONDS else min(2 * pause, _LONGEST_PAUSE_SECONDS)
            _LOGGER.warning("Worker %s ended (%s); starting it again in %.1f s.", name, process.returncode, pause)
            self._stop.wait(pause)

    def _watch(self, process: subprocess.Popen[bytes]) -> float:
        """Waits until the worker ends or is to be ended; gives how long it was watched, in seconds."""
        seconds = 0.0
        while process.poll() is None and not self._stop.wait(0.25):
            seconds += 0.25
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()  # its jobs resume at the next start, like after any crash
                process.wait()
        return seconds
