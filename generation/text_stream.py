"""Turns tokens into text that can be shown at once: whole characters only, and nothing from a stop string on."""

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream


class TextStream:
    """Decodes one completion token by token; `stopped` is set once a stop string has appeared."""

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._decoder = DecodeStream(skip_special_tokens=True)
        self._stop = [string for string in stop if string]
        self._held = ""  # the end of the text as far as it may yet become a stop string
        self.stopped = False

    def feed(self, token: int) -> str:
        """The text that is certain after this token; empty while a character or a stop string is incomplete."""
        # A replacement character stands for bytes that never became a character.
        self._held += (self._decoder.step(self._tokenizer, token) or "").replace("\ufffd", "")
        cuts = [position for string in self._stop if (position := self._held.find(string)) >= 0]
        if cuts:
            self.stopped = True
            return self._release(min(cuts))
        return self._release(len(self._held) - max((_overlap(self._held, string) for string in self._stop), default=0))

    def finish(self) -> str:
        """What was held back in case a stop string followed."""
        return "" if self.stopped else self._release(len(self._held))

    def _release(self, end: int) -> str:
        released, self._held = self._held[:end], self._held[end:]
        return released


def _overlap(text: str, string: str) -> int:
    """How many characters at the end of the text could be the beginning of the string."""
    return next((length for length in range(len(string) - 1, 0, -1) if text.endswith(string[:length])), 0)
