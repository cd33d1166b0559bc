"""The pictures on a PDF page, and the page itself as a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parsing.scans import DOTS_AN_INCH, MAX_PIXELS, POINTS_AN_INCH, PagePicture

_FINEST_DOTS_AN_INCH = 400  # of a page that is drawn as fine as the picture on it
_MOST = 0.6  # of the page
_DEEPEST = 3  # forms inside of each other that are looked into


@dataclass(frozen=True, slots=True)
class _Picture:
    """How large a picture on a page is."""

    share: float  # of the page
    scale: float  # pixels a point


def is_one_picture(page: pypdfium2.PdfPage) -> bool:
    """Whether one picture takes most of a page."""
    return any(picture.share > _MOST for picture in _pictures(page))


def draw(document: pypdfium2.PdfDocument, number: int) -> PagePicture | None:
    """A page (from 1) as a picture, as fine as the pictures on it within bounds; None for one that cannot be drawn."""
    try:
        page = document[number - 1]
        width, height = page.get_size()
        finest = max((picture.scale for picture in _pictures(page)), default=0.0)
        scale = min(max(finest, DOTS_AN_INCH / POINTS_AN_INCH), _FINEST_DOTS_AN_INCH / POINTS_AN_INCH)
        scale = min(scale, sqrt(MAX_PIXELS / max(width * height, 1.0)))
        if min(width, height) * scale < 1:  # a line without end
            return None
        image = page.render(scale=scale, may_draw_forms=True).to_pil()
        page.close()
    except pypdfium2.PdfiumError:
        return None
    return PagePicture(image, 1 / scale)


def _pictures(page: pypdfium2.PdfPage) -> Iterator[_Picture]:
    area = page.get_width() * page.get_height()
    for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST):
        left, bottom, right, top = picture.get_bounds()
        taken = (right - left) * (top - bottom)
        if taken > 0 and area > 0:
            across, down = picture.get_px_size()
            yield _Picture(taken / area, sqrt(across * down / taken))
