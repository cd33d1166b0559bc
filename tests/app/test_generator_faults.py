"""The whole service with a generator on a server that fails in every way it can: no hang, no 500, and it recovers."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from generation.chat_server import ServerSettings
from generation.circuit_breaker import CircuitBreaker
from generation.openai_model import CallLimits, OpenAIModel
from tests.app.conftest import Running
from tests.fakes_generation import Clock
from tests.generation.faulty_server import FaultyServer

# The generators of the HTTP client, cut off in the middle, may be collected in another thread than they ran in; nothing
# of ours holds them, and Python only says so.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <async_generator object \w+\.__aiter__:pytest.PytestUnraisableExceptionWarning"
)

QUESTION = "When was the lighthouse built?"
TOTAL_SECONDS = 1.6
PATIENCE_SECONDS = 5.0
AT_ONCE_SECONDS = 1.0  # on a busy machine, the search included
FAILURES = 3
PAUSE_SECONDS = 30.0
FAULTS = [
    "refuse",
    "reset in headers",
    "reset in stream",
    "slow first byte",
    "drip",
    "429",
    "500",
    "503",
    "bad JSON",
    "cut",
    "empty",
    "wrong type",
]


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(FAILURES, PAUSE_SECONDS, clock)


@pytest.fixture
def model(running: Running, server: FaultyServer, breaker: CircuitBreaker) -> Iterator[OpenAIModel]:
    model = OpenAIModel(
        ServerSettings(server.url, "tiny", connect_seconds=0.7, read_seconds=0.7),
        CallLimits(TOTAL_SECONDS, attempts=2, first_pause_seconds=0.02, longest_pause_seconds=0.2),
        breaker,
    )
    running.add("The lighthouse was built in 1871.")
    running.model.stream = model.stream  # type: ignore[method-assign]
    wait_until(lambda: not model.missing)
    yield model
    model.close()


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def failing(server: FaultyServer, fault: str) -> Iterator[None]:
    """The server with the fault, and then without."""
    server.fault = fault
    if fault == "refuse":
        server.refuse()
    yield
    server.fault = "none"
    if fault == "refuse":
        server.listen()


def ask(running: Running, stream: bool) -> tuple[str, Any]:
    """How asking ended: `done` with the answer, or `error` with a problem. Never a 500, and never without an end."""
    started = time.monotonic()
    response = running.client.post("/v1/ask", json={"question": QUESTION, "stream": stream})
    assert time.monotonic() < started + TOTAL_SECONDS + PATIENCE_SECONDS
    assert response.status_code in (200, 503), response.text
    if stream:
        *_, last = response.text.strip().split("\n\n")
        name, data = last.split("\n", 1)
        ended, body = name.removeprefix("event: "), json.loads(data.removeprefix("data: "))
    else:
        ended, body = ("done" if response.status_code == 200 else "error"), response.json()
    if ended == "error":
        assert body["status"] == 503
        assert body["type"].startswith("urn:scholiast:problem:")
        assert body["detail"].startswith("The generator's server")
    return ended, body


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_an_error_in_time_opens_the_breaker_and_is_over_when_it_is_over(
    running: Running,
    server: FaultyServer,
    model: OpenAIModel,
    breaker: CircuitBreaker,
    clock: Clock,
    fault: str,
    stream: bool,
) -> None:
    with failing(server, fault):
        for _ in range(FAILURES):
            assert ask(running, stream)[0] == "error"
        calls, started = len(server.calls), time.monotonic()
        ended, problem = ask(running, stream)
        assert ended == "error"
        assert "in a row" in problem["detail"]
        assert len(server.calls) == calls
        assert time.monotonic() < started + AT_ONCE_SECONDS
        assert breaker.wait_seconds == PAUSE_SECONDS
    clock.now += PAUSE_SECONDS
    for _ in range(2):
        ended, answer = ask(running, stream)
        assert ended == "done"
        assert "1871" in answer["answer"]
        assert answer["citations"]
    assert not model.missing


@pytest.mark.parametrize("stream", [True, False])
def test_a_stream_that_never_ends_is_an_answer_that_was_cut(
    running: Running, server: FaultyServer, model: OpenAIModel, stream: bool
) -> None:
    with failing(server, "endless"):
        ended, answer = ask(running, stream)
    assert ended == "done"
    assert "1871" in answer["answer"]
    assert server.disconnected.wait(PATIENCE_SECONDS)
    assert not model.missing


def test_a_busy_server_says_when_to_come_back(running: Running, server: FaultyServer, model: OpenAIModel) -> None:
    with failing(server, "429 for a minute"):
        response = running.client.post("/v1/ask", json={"question": QUESTION})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "60"


def test_readiness_follows_the_server(running: Running, server: FaultyServer, model: OpenAIModel, clock: Clock) -> None:
    object.__setattr__(running.service.engines, "missing", lambda: model.missing)
    assert running.client.get("/readyz").status_code == 200
    with failing(server, "500"):
        for _ in range(FAILURES):
            ask(running, stream=False)
        response = running.client.get("/readyz")
    assert response.status_code == 503
    assert "keeps failing" in response.json()["reasons"][0]
    clock.now += PAUSE_SECONDS
    assert running.client.get("/readyz").status_code == 200
