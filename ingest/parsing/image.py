"""Image files, of one page or, as TIFF, of several: whatever text is recognised in them (extra `ocr`)."""

import struct
import warnings
from math import sqrt
from pathlib import Path

from PIL import Image, ImageOps

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.extras import INSTALL_OCR
from ingest.parsing.pdf_blocks import PageContent, add_pages
from ingest.parsing.recognition import Recogniser, installed_recogniser
from ingest.parsing.scans import DOTS_AN_INCH, MAX_PIXELS, POINTS_AN_INCH, PagePicture, read_scans
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected, UnsupportedFile

# What Pillow raises for files that are not what they claim to be; a page too large is one of them.
DAMAGED: tuple[type[Exception], ...] = (OSError, SyntaxError, ValueError, EOFError, TypeError, struct.error)

MOST_PIXELS = 80_000_000  # of a page before it is made smaller: some 240 MB
MAX_PAGES = 1_000
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_WHITE = (255, 255, 255, 255)
_DEEP_TO_GREY = 1 / 256  # of a value of 16 bits


def parse(path: Path) -> ParsedDocument:
    """What `read` gives with the recogniser that is installed."""
    return read(path, installed_recogniser())


def read(path: Path, recogniser: Recogniser | None) -> ParsedDocument:
    """The text in an image; raises UnsupportedFile without a recogniser, DocumentRejected without text."""
    if recogniser is None:
        raise UnsupportedFile(f"The file is an image, whose text has to be recognised. {INSTALL_OCR}, then reindex.")
    builder = DocumentBuilder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damage that does no harm, and of sizes, which are looked at below
        try:
            image = Image.open(path, formats=_FORMATS)
        except Image.DecompressionBombError as error:
            raise _too_large() from error
        with image:
            reader = _Pages(image, builder)
            scans = read_scans(range(1, reader.count + 1), reader.picture, recogniser)
    if not any(scans.lines.values()):
        raise DocumentRejected("no_text", "No text was recognised in the image. Upload one with text to be read.")
    for warning in scans.warnings(reader.count):
        builder.warn(warning)
    add_pages(builder, [PageContent(scans.lines.get(number, ())) for number in range(1, reader.count + 1)])
    return builder.build(title=builder.first_heading, confidence=scans.share_of_confidence(builder.length))


class _Pages:
    """The pages of an open image file."""

    def __init__(self, image: Image.Image, builder: DocumentBuilder) -> None:
        self._image = image
        self._builder = builder
        # The frames of other formats are those of a moving picture.
        self.count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if self.count > MAX_PAGES:
            raise DocumentRejected(
                "too_many_pages", f"The image has {self.count:,} pages; at most {MAX_PAGES:,} are read. Split it."
            )

    def picture(self, number: int) -> PagePicture | None:
        """A page (from 1), upright and on white; None, with a warning, for a damaged one among others."""
        try:
            return self._picture(number)
        except DAMAGED:
            if self.count == 1:
                raise
            self._builder.warn(f"Page {number} is damaged and was left out.")
            return None

    def _picture(self, number: int) -> PagePicture:
        self._image.seek(number - 1)
        if self._image.width * self._image.height > MOST_PIXELS:
            raise _too_large()
        image = _upright_on_white(self._image)
        scale = min(1.0, sqrt(MAX_PIXELS / (image.width * image.height)))
        if scale < 1:
            image = image.resize((max(int(image.width * scale), 1), max(int(image.height * scale), 1)))
        return PagePicture(image, POINTS_AN_INCH / DOTS_AN_INCH)


def _upright_on_white(image: Image.Image) -> Image.Image:
    """The image as its camera was held, without its transparency and in 8 bits."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value * _DEEP_TO_GREY).convert("L")
    elif image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image.convert("RGBA"))
    return ImageOps.exif_transpose(image).convert("RGB")


def _too_large() -> DocumentRejected:
    return DocumentRejected(
        "too_large_image",
        f"The image has more than {MOST_PIXELS // 1_000_000} million pixels on a page. Make it smaller: 300 dots an "
        "inch are enough.",
    )
