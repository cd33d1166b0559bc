"""What `scholiast models list` says of the models that the settings name."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models.in_use import in_use
from app.settings import Settings

METRICS = b"""# TYPE scholiast_model_loaded gauge
scholiast_model_loaded{role="embedder",model="e5@1"} 1.0
scholiast_model_loaded{role="generator",model="talker"} 1.0
# TYPE scholiast_model_tokens_per_second gauge
scholiast_model_tokens_per_second 41.5
"""


class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(METRICS)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def settings(folder: Path, port: int) -> Settings:
    for name, size in (("e5", 100), ("talker", 2000), ("style", 30)):
        (folder / name).mkdir()
        (folder / name / "weights").write_bytes(b"x" * size)
    return Settings(
        models_dir=folder,
        port=port,
        embedding_model="e5",
        generator_model="talker",
        adapters={"style": folder / "style"},
        _env_file=None,
    )


def test_a_running_service_tells_what_is_loaded_and_how_fast_it_writes(tmp_path: Path, port: int) -> None:
    found = in_use(settings(tmp_path, port))
    assert [(model.role, model.name, model.size, model.loaded) for model in found] == [
        ("embedder", "e5", 100, True),
        ("generator", "talker", 2000, True),
        ("adapter", "style", 30, True),
    ]
    assert [model.tokens_per_second for model in found] == [None, 41.5, None]


def test_without_a_service_nothing_is_loaded(tmp_path: Path) -> None:
    assert not any(model.loaded for model in in_use(settings(tmp_path, 1)))
