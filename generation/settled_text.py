"""The text of an answer as soon as it is final, for clients that cannot take anything back.

A draft that finds no support in the passages gives way to a quote, or to the statement that the documents do not tell.
So text is held back until its first sentence is supported, which no later event can undo; from then on it passes at
once. What comes out, put together, is the text of the finished answer.
"""

from generation.answer import QUOTE_STAGE
from generation.types import AnswerEvent, CitationEvent, DoneEvent, StageEvent, TokenEvent


class SettledText:
    """Follows the events of one answer."""

    def __init__(self) -> None:
        self._held = ""
        self._settled = False

    def feed(self, event: AnswerEvent) -> str:
        """The text that this event makes final; often none."""
        match event:
            case TokenEvent(text):
                return self._release(text) if self._settled else self._hold(text)
            case CitationEvent() if self._held:
                self._settled = True
                return self._release("")
            case StageEvent(stage) if stage == QUOTE_STAGE:
                self._held = ""  # the draft, if there was one, has just been given up
            case DoneEvent(answer) if not self._settled:
                self._settled, self._held = True, ""
                return answer.text
        return ""

    def _hold(self, text: str) -> str:
        self._held += text
        return ""

    def _release(self, text: str) -> str:
        released, self._held = self._held + text, ""
        return released
