"""Plain text: paragraphs between blank lines, in whatever encoding the file is."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.encoding import open_text
from ingest.parsing.types import ParsedDocument

DAMAGED: tuple[type[Exception], ...] = ()  # any bytes are some text

# A paragraph without an end (a log, a text with one line a paragraph) is cut at a line end after this many characters.
_LONGEST_PARAGRAPH = 4_000
_LONGEST_LINE = 1_000_000  # characters read at once, so that a file without line ends stays bounded
_INDENTED = re.compile("(?:\u3000{2}|\t)")  # how a paragraph begins where none is followed by a blank line


def parse(path: Path) -> ParsedDocument:
    """The paragraphs of a text file; raises DocumentRejected where it holds no text or too much."""
    builder = DocumentBuilder()
    with open_text(path) as file:
        for paragraph in paragraphs(iter(lambda: file.readline(_LONGEST_LINE), "")):
            builder.paragraph(paragraph)
    return builder.build()


def paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """Groups lines into paragraphs; lines keep their ends."""
    paragraph: list[str] = []
    size = 0
    for line in lines:
        if paragraph and (not line.strip() or size > _LONGEST_PARAGRAPH or _INDENTED.match(line)):
            yield "".join(paragraph)
            paragraph, size = [], 0
        if line.strip():
            paragraph.append(line)
            size += len(line)
    if paragraph:
        yield "".join(paragraph)
