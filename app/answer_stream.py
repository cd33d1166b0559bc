"""Follows an answer while it is made: its events are drawn in a thread, and it ends when the client goes away."""

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

import anyio.to_thread
from fastapi.responses import Response, StreamingResponse
from starlette.types import Send

from generation.types import Answer, AnswerEvent, DoneEvent
from retrieval.errors import ScholiastError


async def drawn(events: Iterator[AnswerEvent], cancelled: threading.Event) -> AsyncGenerator[AnswerEvent, None]:
    """The events as they come; sets `cancelled` at the end, so that generation stops at the next token."""
    try:
        while (event := await anyio.to_thread.run_sync(_next(events), abandon_on_cancel=True)) is not None:
            yield event
    finally:
        cancelled.set()


def whole(events: Iterator[AnswerEvent]) -> Answer:
    """The finished answer."""
    for event in events:
        if isinstance(event, DoneEvent):
            return event.answer
    raise AssertionError("an answer ends with a DoneEvent")


class PatientStream(StreamingResponse):
    """A stream whose status waits for its first piece: an error until then is a response with a status of its own."""

    def __init__(
        self, pieces: AsyncIterator[bytes], failed: Callable[[ScholiastError], Response], media_type: str
    ) -> None:
        super().__init__(pieces, media_type=media_type)
        self._pieces = pieces
        self._failed = failed

    async def stream_response(self, send: Send) -> None:
        """Sends the pieces, or the error that came instead of the first one."""
        try:
            first = await anext(self._pieces)
        except ScholiastError as error:
            failed = self._failed(error)
            await send({"type": "http.response.start", "status": failed.status_code, "headers": failed.raw_headers})
            await send({"type": "http.response.body", "body": failed.body})
            return
        self.body_iterator = _with_first(first, self._pieces)
        await super().stream_response(send)


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _next(events: Iterator[AnswerEvent]) -> Callable[[], AnswerEvent | None]:
    return lambda: next(events, None)
