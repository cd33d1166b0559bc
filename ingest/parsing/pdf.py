"""PDF files: page by page, from where the characters stand, or from a picture of the page where it has none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.extras import INSTALL_OCR
from ingest.parsing.listing import listed
from ingest.parsing.pdf_blocks import PageContent, add_pages
from ingest.parsing.pdf_forms import filled_in
from ingest.parsing.pdf_lines import Line, read_lines
from ingest.parsing.pdf_pictures import draw, is_one_picture
from ingest.parsing.pdf_runs import read_runs
from ingest.parsing.quality import share_readable
from ingest.parsing.recognition import Recogniser, installed_recogniser
from ingest.parsing.scans import NOTHING_SCANNED, Scans, read_scans
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

DAMAGED: tuple[type[Exception], ...] = (pypdfium2.PdfiumError,)

MAX_PAGES = 5_000
# What programs write as the title where nobody gave one: file names, numbers, their own name.
_NO_TITLE = re.compile(
    r"untitled|\(anonymous\)|microsoft (?:word|powerpoint|excel) - |\S+\.\w{2,4}$|slide \d|document\d*$|[\W\d]*$",
    re.IGNORECASE,
)
_LISTED_PAGES = 10
_FEW_CHARACTERS = 40  # of a stamp or a page number
_READABLE = 0.5  # of the characters: below it the fonts of a page do not say what they mean


@dataclass(frozen=True, slots=True)
class _Page:
    """What the file says about one page."""

    lines: tuple[Line, ...]
    filled_in: tuple[str, ...]
    is_picture: bool  # a picture with hardly a word beside it: a scan with a stamp or a page number
    is_damaged: bool = False

    @property
    def needs_recognition(self) -> bool:
        """Whether the page may show text that the file does not hold, or not in a way that can be read."""
        if self.is_damaged or self.is_picture:
            return self.is_picture
        if not self.lines:
            return not self.filled_in
        return share_readable("".join(line.text for line in self.lines)) < _READABLE


def parse(path: Path) -> ParsedDocument:
    """What `read` gives with the recogniser that is installed."""
    return read(path, installed_recogniser())


def read(path: Path, recogniser: Recogniser | None) -> ParsedDocument:
    """The text of a PDF by pages; raises DocumentRejected where it is encrypted, without text or too long.

    Without a recogniser pages that are pictures stay without text.
    """
    builder = DocumentBuilder()
    document = open_document(path)
    try:
        pages = [_read_page(document, index, builder) for index in range(len(document))]
        scanned = [number for number, page in enumerate(pages, start=1) if page.needs_recognition]
        scans = read_scans(scanned, partial(draw, document), recogniser) if recogniser else NOTHING_SCANNED
        title = title_of(document)
    finally:
        document.close()
    _check_for_text(builder, pages, scans, can_recognise=recogniser is not None)
    for warning in scans.warnings(len(pages)):
        builder.warn(warning)
    recognised = [scans.lines.get(number, ()) for number in range(1, len(pages) + 1)]
    add_pages(
        builder,
        [PageContent(lines or page.lines, page.filled_in) for lines, page in zip(recognised, pages, strict=True)],
    )
    return builder.build(
        title=title or builder.first_heading,
        confidence=scans.share_of_confidence(builder.length),
    )


def open_document(path: Path) -> pypdfium2.PdfDocument:
    """The PDF; raises DocumentRejected where it needs a password or is too long, PdfiumError where it is damaged."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise DocumentRejected(
                "encrypted", "The PDF is encrypted: remove the password and upload it again."
            ) from error
        raise
    if len(document) > MAX_PAGES:
        raise DocumentRejected(
            "too_many_pages", f"The PDF has {len(document):,} pages; at most {MAX_PAGES:,} are read. Split it."
        )
    document.init_forms()
    return document


def title_of(document: pypdfium2.PdfDocument) -> str:
    """The title that the file states; "" where nobody gave it one."""
    title: str = document.get_metadata_value("Title")
    return "" if _NO_TITLE.match(title) else title


def _read_page(document: pypdfium2.PdfDocument, index: int, builder: DocumentBuilder) -> _Page:
    """The lines of one page as drawn and what is filled in on it; nothing, with a warning, for a damaged page."""
    try:
        page = document[index]
        lines = tuple(filter(_says_something, read_lines(read_runs(page))))
        fields = tuple(filled_in(document, page))
        is_picture = sum(len(line.text) for line in lines) < _FEW_CHARACTERS and not fields and is_one_picture(page)
        page.close()
    except pypdfium2.PdfiumError:
        builder.warn(f"Page {index + 1} is damaged and was left out.")
        return _Page((), (), is_picture=False, is_damaged=True)
    return _Page(lines, fields, is_picture)


def _says_something(line: Line) -> bool:
    """Whether a line is more than an ornament; program text also has lines of a bracket alone."""
    return line.monospaced or any(map(str.isalnum, line.text))


def _check_for_text(builder: DocumentBuilder, pages: Sequence[_Page], scans: Scans, *, can_recognise: bool) -> None:
    """Says which pages gave no text; raises DocumentRejected where none did."""
    if pages and all(page.is_damaged for page in pages):
        raise DocumentRejected(
            "damaged", "No page of the PDF can be read. Open it in a PDF viewer, print it to a new PDF and upload that."
        )
    if not any(page.lines or page.filled_in for page in pages) and not any(scans.lines.values()):
        raise DocumentRejected(
            "no_text",
            "The PDF holds no text, and none was recognised in the pictures of its pages."
            if can_recognise
            else "The PDF holds no text: it is scanned or made of images. "
            f"{INSTALL_OCR}, or run text recognition (OCR) over the file and upload the result.",
        )
    empty = [
        number
        for number, page in enumerate(pages, start=1)
        if (page.is_picture or not (page.lines or page.filled_in))
        and not scans.lines.get(number)
        and number not in scans.unread
    ]
    if empty:
        suspicion, advice = ("", "") if can_recognise else (" and may be scanned", f" {INSTALL_OCR}, then reindex.")
        numbers = listed(empty, _LISTED_PAGES)
        builder.warn(f"{len(empty)} of {len(pages)} pages hold no text{suspicion}: {numbers}.{advice}")
