"""A service of one's own: on a free port, over a folder that is named or an empty one, ended afterwards."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.client import Client
from retrieval.errors import ModelUnavailable

_START_SECONDS = 120
_STOP_SECONDS = 60


@contextmanager
def fresh_service() -> Iterator[Client]:
    """A client of a service that holds nothing yet and leaves nothing behind; raises as `service_over` does."""
    with tempfile.TemporaryDirectory(prefix="scholiast-") as folder, service_over(Path(folder)) as client:
        yield client


@contextmanager
def service_over(folder: Path) -> Iterator[Client]:
    """A client of the service as soon as it accepts documents. Raises `ModelUnavailable` if it does not start."""
    port = free_port()
    process = start_service(str(folder.resolve()), port)
    try:
        with Client(f"http://127.0.0.1:{port}") as client:
            _wait(client.alive, client, process)
            yield client
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def start_service(folder: str, port: int) -> subprocess.Popen[bytes]:
    """Starts `scholiast serve` over the data folder; it inherits all other settings."""
    environment = {
        **os.environ,
        "SCHOLIAST_DATA_DIR": folder,
        "SCHOLIAST_DATABASE_URL": "",
        "SCHOLIAST_HOST": "127.0.0.1",
        "SCHOLIAST_PORT": str(port),
        "SCHOLIAST_LOG_LEVEL": "WARNING",
    }
    return subprocess.Popen([sys.executable, "-m", "app", "serve"], env=environment)  # noqa: S603 - our own module


def wait_for_start(client: Client, process: subprocess.Popen[bytes]) -> None:
    """Returns once the service is ready; raises `ModelUnavailable` if it ends or takes too long."""
    _wait(lambda: client.ready()[0], client, process)


def _wait(reached: Callable[[], bool], client: Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not reached():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ModelUnavailable(f"The service did not start: {' '.join(client.ready()[1])}")
        time.sleep(0.1)


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
