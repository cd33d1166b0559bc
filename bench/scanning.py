"""Makes of a PDF what a scanner would: the same pages as pictures, without a character of text."""

from pathlib import Path

import pypdfium2

MOST_PAGES = 5  # of a file that is scanned: recognising a page takes seconds
_DOTS_AN_INCH = 200
_POINTS_AN_INCH = 72


def as_scan(source: Path, scan: Path) -> bool:
    """Writes the pages as pictures in grey, as JPEG in a PDF; False, and nothing, for a file of too many pages."""
    with pypdfium2.PdfDocument(source) as document:
        if len(document) > MOST_PAGES:
            return False
        scale = _DOTS_AN_INCH / _POINTS_AN_INCH
        first, *others = [page.render(scale=scale).to_pil().convert("L") for page in document]
        first.save(scan, "PDF", save_all=True, append_images=others, resolution=_DOTS_AN_INCH, quality=75)
    return True
