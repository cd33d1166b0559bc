"""Reads pages that are pictures, those of a scanned PDF or of an image file, as long as there is time."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from ingest.parsing.deadline import seconds_left
from ingest.parsing.listing import listed
from ingest.parsing.pdf_lines import Line
from ingest.parsing.recognised_lines import RecognisedPage, recognised_lines
from ingest.parsing.recognition import Recogniser

MAX_PIXELS = 8_000_000  # of a page as it is read: A3 at 200 dots an inch
DOTS_AN_INCH = 200
POINTS_AN_INCH = 72
_LEAST_CONFIDENCE = 0.5  # what is less certain is noise: shadows, stamps, drawings
_SECONDS_TO_FINISH = 5.0  # for what follows on the last page: paragraphs, tables, writing the result
_SHARE_TO_FINISH = 0.1  # of the time that the pages took
_LISTED_PAGES = 10


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as a picture, with how many points (1/72 inch) a pixel takes."""

    image: Image.Image
    points: float


@dataclass(frozen=True, slots=True)
class Scans:
    """What was read from pages that are pictures."""

    lines: Mapping[int, Sequence[Line]]  # by page number, for every page that was looked at
    characters: int
    confidence: float  # mean over the characters, 0 to 1; 1 where there are none
    unread: Sequence[int]  # the pages for which no time was left

    def share_of_confidence(self, characters: int) -> float:
        """How sure the text of a document of so many characters is, which may have others that need no recognition."""
        return 1.0 - (1.0 - self.confidence) * min(self.characters / max(characters, 1), 1.0)

    def warnings(self, pages: int) -> list[str]:
        """What the person who uploaded the file should know, of so many pages in all."""
        warnings = []
        if recognised := sum(map(bool, self.lines.values())):
            warnings.append(
                f"The text of {recognised} of {pages} pages was recognised in pictures (OCR), with a mean confidence "
                f"of {self.confidence:.0%}: compare quotes with the original."
            )
        if self.unread:
            warnings.append(
                f"{len(self.unread)} of {pages} pages were left out, because the time limit left none to recognise "
                f"their text: {listed(self.unread, _LISTED_PAGES)}. Raise SCHOLIAST_PARSE_SECONDS and reindex, or "
                "split the file."
            )
        return warnings


NOTHING_SCANNED = Scans({}, 0, 1.0, ())


def read_scans(numbers: Sequence[int], picture: Callable[[int], PagePicture | None], recogniser: Recogniser) -> Scans:
    """The text of the pages with these numbers; `picture` gives a page, or None where there is nothing to see."""
    pages: dict[int, RecognisedPage] = {}
    unread: Sequence[int] = ()
    longest = 0.0
    has_text = False
    started = time.monotonic()
    for position, number in enumerate(numbers):
        began = time.monotonic()
        # A page may take as long as the longest so far, and whoever runs into the limit loses all of them; as long as
        # there is nothing to lose, that limit is the reason to give.
        if has_text and seconds_left() < longest + max(_SECONDS_TO_FINISH, _SHARE_TO_FINISH * (began - started)):
            unread = numbers[position:]
            break
        page = picture(number)
        if page is not None:
            pages[number] = RecognisedPage(recogniser.read(page.image), page.points)
            longest = max(longest, time.monotonic() - began)
            has_text = has_text or bool(pages[number].found.pieces)
    pieces = [piece for page in pages.values() for piece in page.found.pieces]
    characters = sum(len(piece.text) for piece in pieces)
    certain = sum(len(piece.text) * piece.confidence for piece in pieces)
    lines = recognised_lines({number: _without_noise(page) for number, page in pages.items()})
    return Scans(lines, characters, certain / characters if characters else 1.0, unread)


def _without_noise(page: RecognisedPage) -> RecognisedPage:
    kept = [piece for piece in page.found.pieces if piece.confidence >= _LEAST_CONFIDENCE]
    return replace(page, found=replace(page.found, pieces=kept))
