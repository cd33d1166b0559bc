"""The lock admits one at a time and falls with its process."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.models.lock import exclusive


def never() -> None:
    raise AssertionError("nobody holds the lock")


def test_the_second_waits_and_is_told_so(tmp_path: Path) -> None:
    waiting = threading.Event()
    order: list[str] = []

    def second() -> None:
        with exclusive(tmp_path / "lock", waiting.set):
            order.append("second")

    with exclusive(tmp_path / "lock", never):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from app.models.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1]), lambda: None): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path / "lock"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        os.kill(holder.pid, signal.SIGKILL)
    with exclusive(tmp_path / "lock", never):
        pass


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "lock", never):
        _ = 1 / 0
    with exclusive(tmp_path / "lock", never):
        pass
