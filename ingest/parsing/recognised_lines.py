"""Turns recognised text into the lines that a PDF's own text would give, so that both are read on alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import median

from ingest.parsing.page_columns import in_reading_order
from ingest.parsing.pdf_lines import Line, read_lines
from ingest.parsing.pdf_runs import Run
from ingest.parsing.recognition import Piece, Recognised

# Boxes around text vary in height with its letters: only what is clearly smaller or larger has another size.
_SMALLER, _LARGER = 0.72, 1.35
_STEPS = 4  # a doubling of the size, so that headings of one kind come out alike
_AIR = 0.9  # font size by height of a box


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """What was found on a page, and how many points (1/72 inch) one of its pixels takes."""

    found: Recognised
    points: float

    def font_size(self, piece: Piece) -> float:
        """About the size of the type of a piece, in points."""
        return _AIR * (piece.place.bottom - piece.place.top) * self.points


def recognised_lines(pages: Mapping[int, RecognisedPage]) -> dict[int, Sequence[Line]]:
    """The lines of each page in reading order."""
    sizes = [page.font_size(piece) for page in pages.values() for piece in page.found.pieces for _ in piece.text]
    usual = median(sizes) if sizes else 0.0
    return {number: read_lines(_runs(page, usual)) for number, page in pages.items()}


def _runs(page: RecognisedPage, usual: float) -> list[Run]:
    """The pieces of a page with their places in points, y upwards."""
    return [
        Run(
            left=piece.place.left * page.points,
            right=piece.place.right * page.points,
            bottom=(page.found.height - piece.place.bottom) * page.points,
            top=(page.found.height - piece.place.top) * page.points,
            characters=list(piece.text),
            sizes={_font_size(page.font_size(piece), usual): len(piece.text.split())},
            words=len(piece.text.split()),
        )
        for piece in in_reading_order(page.found.pieces)
    ]


def _font_size(size: float, usual: float) -> float:
    """The size, as the usual one of the document where it is near to it."""
    if _SMALLER * usual < size < _LARGER * usual:
        return round(usual, 1)
    return round(usual * 2 ** (round(_STEPS * log2(size / usual)) / _STEPS), 1)
