"""`scholiast routes test`: the command against a running service, over HTTP."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner

from app.cli import app
from tests.app.conftest import Running

WORDS = ("alpha", "beta", "gamma", "eta", "iota")
LEAVE = [f"how many days of leave and holiday {word}" for word in WORDS]
THANKS = [f"thank you so kindly dear service {word}" for word in WORDS]
TRAVEL = [f"which train goes over the northern border {word}" for word in WORDS]
STRANGER = "violets zebra quantum harbour"  # no word of it is in another example


@pytest.fixture
def url(running: Running) -> Iterator[str]:
    """Where the service answers; its own start and stop are the fixture's."""
    server = uvicorn.Server(uvicorn.Config(running.client.app, port=0, lifespan="off", log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def put(running: Running, **examples: list[str]) -> None:
    running.add("Every employee has 25 days of leave and holiday.")
    routes: list[dict[str, Any]] = [{"name": name, "examples": given} for name, given in examples.items()]
    assert running.client.put("/v1/collections/default/routes", json={"routes": routes}).status_code == 200


def shown(url: str, *options: str) -> tuple[str, list[list[str]]]:
    """The title, and the cells of every row of the table."""
    found = CliRunner().invoke(app, ["routes", "test", "--url", url, *options])
    assert found.exit_code == 0, found.output
    lines = found.output.splitlines()
    title = next(line.strip() for line in lines if "right" in line)
    rows = [line.replace("\u2502", " ").split() for line in lines if line.startswith("\u2502")]
    return title, rows


def test_examples_that_nothing_confuses_stand_on_the_diagonal_and_a_stranger_in_none(
    running: Running, url: str
) -> None:
    put(running, leave=LEAVE, thanks=[*THANKS, STRANGER])
    assert shown(url) == ("right 91%", [["leave", "5", "·", "·"], ["thanks", "·", "5", "1"]])


def test_an_example_of_another_kind_is_counted_where_the_others_take_it(running: Running, url: str) -> None:
    put(running, leave=LEAVE, thanks=THANKS, travel=[*TRAVEL, LEAVE[0], STRANGER])
    title, rows = shown(url, "--collection", "default")
    assert title == "right 88%"
    assert rows == [["leave", "5", "·", "·", "·"], ["thanks", "·", "5", "·", "·"], ["travel", "1", "·", "5", "1"]]


def test_a_collection_that_is_not_there_is_said_in_one_line(running: Running, url: str) -> None:
    found = CliRunner().invoke(app, ["routes", "test", "--url", url, "--collection", "nowhere"])
    assert found.exit_code != 0
    assert "nowhere" in str(found.exception)
