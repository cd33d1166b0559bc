"""Turns the lines of the pages of a document into its blocks: paragraphs, headings, lists, code and tables."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.joining import compounds_in
from ingest.parsing.pdf_centred_cells import join_centred_cells
from ingest.parsing.pdf_headings import HeadingScale
from ingest.parsing.pdf_lines import LIST_MARKER, Line
from ingest.parsing.pdf_order import Placed, reading_order
from ingest.parsing.pdf_paragraphs import Paragraph, join_paragraphs
from ingest.parsing.pdf_running import without_running_lines
from ingest.parsing.pdf_tables import Table, separate_tables

_PAGE_NUMBER = re.compile(r"[-–— ]*(?:\d{1,4}|[ivxlc]{1,6})[-–— ]*")


@dataclass(frozen=True, slots=True)
class PageContent:
    """What one page holds."""

    lines: Sequence[Line] = ()
    filled_in: Sequence[str] = ()  # what people wrote into its form


def add_pages(builder: DocumentBuilder, pages: Sequence[PageContent]) -> None:
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
    """The parts of a page in reading order, without its page number, and without symbols that are not program text."""
    if not expect_code:
        lines = [line for line in lines if any(map(str.isalnum, line.text))]
    drawn = join_paragraphs(separate_tables(join_centred_cells(lines)), expect_code=expect_code)
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
