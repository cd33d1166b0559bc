"""PDF files: page by page paragraphs, headings, lists, code and tables, from where the characters stand."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.joining import compounds_in
from ingest.parsing.listing import listed
from ingest.parsing.pdf_forms import filled_in
from ingest.parsing.pdf_headings import HeadingScale
from ingest.parsing.pdf_lines import LIST_MARKER, Line, read_lines
from ingest.parsing.pdf_order import Placed, reading_order
from ingest.parsing.pdf_paragraphs import Paragraph, join_paragraphs
from ingest.parsing.pdf_running import without_running_lines
from ingest.parsing.pdf_runs import read_runs
from ingest.parsing.pdf_tables import Table, separate_tables
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

DAMAGED: tuple[type[Exception], ...] = (pypdfium2.PdfiumError,)

MAX_PAGES = 5_000
_PAGE_NUMBER = re.compile(r"[-–— ]*(?:\d{1,4}|[ivxlc]{1,6})[-–— ]*")
# What programs write as the title where nobody gave one: file names, numbers, their own name.
_NO_TITLE = re.compile(
    r"untitled|\(anonymous\)|microsoft (?:word|powerpoint|excel) - |\S+\.\w{2,4}$|slide \d|document\d*$|[\W\d]*$",
    re.IGNORECASE,
)
_LISTED_PAGES = 10
_FEW_CHARACTERS = 40  # of a stamp or a page number
_MOST = 0.6  # of the page


@dataclass(frozen=True, slots=True)
class _Page:
    """What one page holds."""

    lines: tuple[Line, ...]
    filled_in: tuple[str, ...]
    is_picture: bool  # a picture with hardly a word beside it: a scan with a stamp or a page number
    is_damaged: bool = False


def parse(path: Path) -> ParsedDocument:
    """The text of a PDF by pages; raises DocumentRejected where it is encrypted, scanned or too long."""
    builder = DocumentBuilder()
    document = _open(path)
    try:
        if len(document) > MAX_PAGES:
            raise DocumentRejected(
                "too_many_pages", f"The PDF has {len(document):,} pages; at most {MAX_PAGES:,} are read. Split it."
            )
        pages = [_read_page(document, index, builder) for index in range(len(document))]
        title = document.get_metadata_value("Title")
    finally:
        document.close()
    _check_for_text(builder, pages)
    _add_pages(builder, pages)
    return builder.build(title=builder.first_heading if _NO_TITLE.match(title) else title)


def _open(path: Path) -> pypdfium2.PdfDocument:
    """The PDF; raises DocumentRejected where a password is needed, PdfiumError where it is damaged."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise DocumentRejected(
                "encrypted", "The PDF is encrypted: remove the password and upload it again."
            ) from error
        raise
    document.init_forms()
    return document


def _read_page(document: pypdfium2.PdfDocument, index: int, builder: DocumentBuilder) -> _Page:
    """The lines of one page as drawn and what is filled in on it; nothing, with a warning, for a damaged page."""
    try:
        page = document[index]
        lines = tuple(line for line in read_lines(read_runs(page)) if any(map(str.isalnum, line.text)))
        fields = tuple(filled_in(document, page))
        is_picture = sum(len(line.text) for line in lines) < _FEW_CHARACTERS and not fields and _is_picture(page)
        page.close()
    except pypdfium2.PdfiumError:
        builder.warn(f"Page {index + 1} is damaged and was left out.")
        return _Page((), (), is_picture=False, is_damaged=True)
    return _Page(lines, fields, is_picture)


def _is_picture(page: pypdfium2.PdfPage) -> bool:
    """Whether one picture takes most of a page."""
    width, height = page.get_size()
    boxes = [picture.get_bounds() for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3)]
    return any((right - left) * (top - bottom) > _MOST * width * height for left, bottom, right, top in boxes)


def _check_for_text(builder: DocumentBuilder, pages: Sequence[_Page]) -> None:
    """Says which pages gave no text; raises DocumentRejected where none did."""
    empty = [
        number for number, page in enumerate(pages, start=1) if page.is_picture or not (page.lines or page.filled_in)
    ]
    if pages and all(page.is_damaged for page in pages):
        raise DocumentRejected(
            "damaged", "No page of the PDF can be read. Open it in a PDF viewer, print it to a new PDF and upload that."
        )
    if not any(page.lines or page.filled_in for page in pages):
        raise DocumentRejected(
            "no_text",
            "The PDF holds no text: it is scanned or made of images. Run text recognition (OCR) over it and upload "
            "the result.",
        )
    if empty:
        numbers = listed(empty, _LISTED_PAGES)
        builder.warn(f"{len(empty)} of {len(pages)} pages hold no text and may be scanned: {numbers}.")


def _add_pages(builder: DocumentBuilder, pages: Sequence[_Page]) -> None:
    """Adds the blocks of all pages, with what the document as a whole says about each.

    That is: which lines run on from page to page, how large the type is, and which words are compounds.
    """
    contents = without_running_lines([page.lines for page in pages])
    lines = [line for content in contents for line in content]
    compounds = compounds_in([line.text for line in lines])
    expect_code = 2 * sum(line.monospaced for line in lines) < len(lines)
    parts = [_parts(content, expect_code) for content in contents]
    scale = HeadingScale(part for page in parts for part in page if isinstance(part, Paragraph))
    for number, page in enumerate(pages, start=1):
        builder.page(number)
        for part in parts[number - 1]:
            if isinstance(part, Table):
                builder.table(part.rows)
            else:
                _add_paragraph(builder, part, part.text(compounds), scale)
        for text in page.filled_in:
            builder.paragraph(text)


def _parts(lines: Sequence[Line], expect_code: bool) -> list[Paragraph | Table]:
    """The parts of a page in reading order, without its page number."""
    drawn = join_paragraphs(separate_tables(lines), expect_code=expect_code)
    return reading_order([_place(part) for part in drawn if len(drawn) == 1 or not _is_page_number(part, lines)])


def _is_page_number(part: Paragraph | Table, lines: Sequence[Line]) -> bool:
    """Whether a part is a number on the first or last line of the page."""
    line = part.lines[0]
    if len(part.lines) > 1 or not _PAGE_NUMBER.fullmatch(line.text):
        return False
    return all(other.bottom <= line.top for other in lines) or all(other.top >= line.bottom for other in lines)


def _place(part: Paragraph | Table) -> Placed[Paragraph | Table]:
    """A part with the place of the column that it begins in."""
    first = part.lines[0]
    column = list(_until_next_column(part.lines))
    return Placed(part, min(line.left for line in column), max(line.right for line in column), first.top)


def _until_next_column(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines as long as each stands below the one before."""
    bottom = float("inf")
    for line in lines:
        if line.bottom >= bottom:
            return
        bottom = line.bottom
        yield line


def _add_paragraph(builder: DocumentBuilder, paragraph: Paragraph, text: str, scale: HeadingScale) -> None:
    """Adds a paragraph as the block that its type and its first characters make it."""
    marker = LIST_MARKER.match(text)
    if paragraph.is_code:
        builder.code(text)
    elif level := scale.level(paragraph):
        builder.heading(level, text)
    elif marker and text[marker.end() : marker.end() + 1] == " ":
        builder.list_item(text[marker.end() :], marker.group())
    else:
        builder.paragraph(text)
