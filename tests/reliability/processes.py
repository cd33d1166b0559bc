"""The service in real processes that a test may kill: an API without workers of its own, and a worker beside it."""

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.client import Client
from app.doctor import Finding, examine
from app.fresh_service import free_port, start_service, wait_for_start
from app.settings import Settings

MODELS = Path(__file__).parents[2] / "models"
_WORDS = Path(__file__).read_text().split()


class Processes:
    """API and worker over one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.client = Client(f"http://127.0.0.1:{self.port}")
        self.environment = {
            **os.environ,
            "SCHOLIAST_DATA_DIR": str(folder),
            "SCHOLIAST_MODELS_DIR": str(MODELS),
            "SCHOLIAST_LOG_LEVEL": "WARNING",
        }
        os.environ["SCHOLIAST_WORKERS"] = "0"
        os.environ["SCHOLIAST_MODELS_DIR"] = str(MODELS)
        self.api = self.start_api()
        self.worker: subprocess.Popen[bytes] | None = None

    def start_api(self) -> subprocess.Popen[bytes]:
        self.api = start_service(str(self.folder), self.port)
        wait_for_start(self.client, self.api)
        return self.api

    def start_worker(self, name: str = "worker-1") -> subprocess.Popen[bytes]:
        self.worker = subprocess.Popen([sys.executable, "-m", "app.worker", "--name", name], env=self.environment)
        return self.worker

    def stop(self) -> None:
        self.client.close()
        for process in (self.api, self.worker):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        os.environ.pop("SCHOLIAST_WORKERS")
        os.environ.pop("SCHOLIAST_MODELS_DIR")

    def examine(self) -> Sequence[Finding]:
        return examine(Settings(data_dir=self.folder, _env_file=None))


def texts(count: int, paragraphs: int, seed: int) -> list[tuple[str, str]]:
    """Documents of so many paragraphs, all different."""
    generator = random.Random(seed)
    return [
        (
            f"{seed}-{number}.txt",
            "\n\n".join(
                f"Part {part} of document {number}: " + " ".join(generator.choices(_WORDS, k=90)) + "."
                for part in range(paragraphs)
            ),
        )
        for number in range(count)
    ]
