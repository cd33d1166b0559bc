import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app.supervisor import Supervisor

# Notes its process id, ignores the options, and ends when asked to.
WORKER = """
import os, signal, sys, time
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()} {sys.argv[3]}\\n")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    time.sleep(0.05)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def started(notes: Path) -> list[tuple[int, str]]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [(int(line.split()[0]), line.split()[1]) for line in lines]


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_run_under_names_of_their_own_until_the_end(tmp_path: Path) -> None:
    notes = tmp_path / "started"
    with Supervisor(2, (sys.executable, "-c", WORKER, str(notes))):
        wait_for(lambda: len(started(notes)) == 2)
        assert {name for _, name in started(notes)} == {"worker-1", "worker-2"}
    assert not any(alive(process_id) for process_id, _ in started(notes))


def test_a_worker_that_is_killed_is_started_again(tmp_path: Path) -> None:
    notes = tmp_path / "started"
    with Supervisor(1, (sys.executable, "-c", WORKER, str(notes))):
        wait_for(lambda: len(started(notes)) == 1)
        os.kill(started(notes)[0][0], signal.SIGKILL)
        wait_for(lambda: len(started(notes)) == 2)
    assert not any(alive(process_id) for process_id, _ in started(notes))
