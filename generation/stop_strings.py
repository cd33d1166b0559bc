"""Ends a text at the first of some strings; what may yet become one of them is held back."""

from collections.abc import Sequence


class StopStrings:
    """Follows one text; `stopped` is set once a stop string has appeared."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [string for string in stop if string]
        self._held = ""  # the end of the text as far as it may yet become a stop string
        self.stopped = False

    def feed(self, text: str) -> str:
        """The text that is certain now; nothing from a stop string on."""
        if self.stopped:
            return ""
        self._held += text
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
