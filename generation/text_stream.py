"""Turns tokens into text that can be shown at once: whole characters only, and nothing from a stop string on."""

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from generation.stop_strings import StopStrings


class TextStream:
    """Decodes one completion token by token."""

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._decoder = DecodeStream(skip_special_tokens=True)
        self._stop = StopStrings(stop)

    @property
    def stopped(self) -> bool:
        """Whether a stop string has appeared."""
        return self._stop.stopped

    def feed(self, token: int) -> str:
        """The text that is certain after this token; empty while a character or a stop string is incomplete."""
        # A replacement character stands for bytes that never became a character.
        return self._stop.feed((self._decoder.step(self._tokenizer, token) or "").replace("\ufffd", ""))

    def finish(self) -> str:
        """What was held back in case a stop string followed."""
        return self._stop.finish()
