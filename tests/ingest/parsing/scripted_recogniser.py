"""A recogniser that finds what it is told, for the tests of what is made of that."""

from collections.abc import Callable, Sequence

from PIL import Image

from ingest.parsing.recognition import Piece, Recognised
from ingest.parsing.text_boxes import Rectangle

NOTHING = Recognised((), 1000)
_LINE_HEIGHT, _CHARACTER_WIDTH = 30, 12  # pixels


class ScriptedRecogniser:
    """Gives the next of its results for each picture, and keeps the pictures."""

    def __init__(self, results: Sequence[Recognised], before: Callable[[], None] = lambda: None) -> None:
        self.pictures: list[Image.Image] = []
        self._results = list(results)
        self._before = before

    def read(self, picture: Image.Image) -> Recognised:
        self._before()
        self.pictures.append(picture)
        return self._results.pop(0)


def piece(text: str, left: float = 100, top: float = 100, height: float = _LINE_HEIGHT, confidence: float = 1) -> Piece:
    """A line of text at a place."""
    width = len(text) * _CHARACTER_WIDTH * height / _LINE_HEIGHT
    return Piece(text, confidence, Rectangle(left, top, left + width, top + height))


def page_of(*texts: str, confidence: float = 1) -> Recognised:
    """A page of lines one below the other."""
    pieces = [piece(text, top=100 + 40 * row, confidence=confidence) for row, text in enumerate(texts)]
    return Recognised(pieces, 1000)
