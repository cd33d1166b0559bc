"""One completion of another server under way: filled in an event loop, read by the thread that waits for it."""

import queue
import time

from generation.chat_server import ServerPiece, TokenCounts
from generation.stop_strings import StopStrings
from generation.types import FinishReason, GenerationOptions, Usage
from retrieval.errors import ScholiastError

# How often the reader gets a turn to look whether its own client has gone.
_PATIENCE_SECONDS = 0.05
# No tokenizer makes fewer tokens of a text: a server that sends more than this does not keep to `max_tokens`.
_MOST_CHARACTERS_A_TOKEN = 8


class ServerCompletion:
    """Its text on the way from one to the other, and what is known of it so far."""

    def __init__(self, options: GenerationOptions) -> None:
        self._started = time.perf_counter()
        self._stop = StopStrings(options.stop)
        self._most_characters = options.max_tokens * _MOST_CHARACTERS_A_TOKEN
        self._characters = 0
        self._pieces = 0
        self._first_token: float | None = None
        self._counts: TokenCounts | None = None
        self._ready: queue.SimpleQueue[str | ScholiastError | None] = queue.SimpleQueue()
        self.reason: FinishReason | None = None

    @property
    def begun(self) -> bool:
        """Whether the server has said anything."""
        return self._pieces > 0

    @property
    def complete(self) -> bool:
        """Whether nothing more need be read; after its last word a server still sends its counts."""
        return self._stop.stopped or self._characters >= self._most_characters or bool(self.reason and self._counts)

    def take(self, piece: ServerPiece) -> None:
        """Adds what the server sent."""
        self._counts = piece.counts or self._counts
        if piece.text and not self.complete:
            self._first_token = self._first_token or time.perf_counter()
            self._pieces += 1
            self._characters += len(piece.text)
            self._ready.put(self._stop.feed(piece.text))
        if self._characters >= self._most_characters:
            self.reason = "length"
        if self._stop.stopped:
            self.reason = "stop"
        elif piece.finish_reason:
            self.reason = "length" if piece.finish_reason == "length" else "stop"

    def end(self, error: ScholiastError | None) -> None:
        """Nothing more comes; `error` says why, unless the completion is whole."""
        if error is None:
            self._ready.put(self._stop.finish())
        self._ready.put(error)

    @property
    def idle(self) -> bool:
        """Whether all that came has been read."""
        return self._ready.empty()

    def wait(self) -> str | None:
        """The next text, after a moment without any an empty one, None at the end; raises what ended it before that."""
        try:
            item = self._ready.get(timeout=_PATIENCE_SECONDS)
        except queue.Empty:
            return ""
        if isinstance(item, ScholiastError):
            raise item
        return item

    def usage(self, prompt_tokens: int) -> Usage:
        """As the server counted; where it did not, the estimate and a token for every piece that came."""
        now = time.perf_counter()
        counts = self._counts or TokenCounts(prompt_tokens, self._pieces, 0)
        return Usage(
            counts.prompt,
            counts.completion,
            round(1000 * ((self._first_token or now) - self._started), 2),
            round(1000 * (now - self._started), 2),
            self.reason or "cancelled",
            counts.cached,
        )
