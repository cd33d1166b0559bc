"""Streams of answers: what happens when the client goes away, or when an error comes first."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from app.answer_stream import drawn
from generation.types import AnswerEvent, TextPiece, TokenEvent
from tests.app.conftest import Running

QUESTION = "When was the lighthouse built?"


def test_generation_is_told_to_stop_when_nobody_follows_it_any_more() -> None:
    cancelled = threading.Event()

    def events() -> Iterator[AnswerEvent]:
        while not cancelled.is_set():
            yield TokenEvent("on ")

    async def leave_early() -> int:
        following = drawn(events(), cancelled)
        seen = [await anext(following) for _ in range(3)]
        await following.aclose()
        return len(seen)

    assert anyio.run(leave_early) == 3
    assert cancelled.is_set()


class WaitingModel:
    """Says some words and then nothing, until it is cancelled."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.waits = threading.Event()
        self.stopped = threading.Event()

    def stream(self, messages: Any, options: Any, cancelled: Any) -> Iterator[TextPiece]:
        yield from map(TextPiece, self.words)
        self.waits.set()
        deadline = time.monotonic() + 10
        while not cancelled():
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        self.stopped.set()


@pytest.mark.parametrize("words", [(), ("It was built in 1871. ", "The keeper was ")])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ask", {"question": QUESTION}),
        ("/v1/chat/completions", {"model": "scholiast", "messages": [{"role": "user", "content": QUESTION}]}),
    ],
)
def test_a_client_that_goes_away_ends_its_answer(
    running: Running, path: str, body: dict[str, Any], words: tuple[str, ...]
) -> None:
    running.add("The lighthouse was built in 1871.")
    model = WaitingModel(*words)
    running.model.stream = model.stream  # type: ignore[method-assign]
    incoming = [{"type": "http.request", "body": json.dumps({**body, "stream": True}).encode(), "more_body": False}]

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        await anyio.to_thread.run_sync(model.waits.wait)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    async def request() -> None:
        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
        with anyio.fail_after(20):
            await running.client.app({**scope, "http_version": "1.1", "asgi": {"version": "3.0"}}, receive, send)

    anyio.run(request)
    assert model.stopped.wait(5)
