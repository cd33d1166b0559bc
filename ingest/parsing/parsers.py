"""Which parser reads which kind of file, and the one place where their errors become reasons to reject a document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.parsing import (
    csv_table,
    detect,
    docx,
    email_message,
    epub,
    html,
    image,
    json_data,
    markdown,
    pdf,
    plain_text,
    pptx,
    restructured_text,
    xlsx,
)
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected, UnsupportedFile

_LONGEST_REASON = 200  # characters of a library's own message that are passed on


@dataclass(frozen=True, slots=True)
class Parser:
    """How one kind of file is read."""

    kind: str  # as a person calls it: "PDF file"
    read: Callable[[Path], ParsedDocument]
    damaged: tuple[type[Exception], ...]  # what its libraries raise for files that are not what they claim to be


PARSERS: dict[str, Parser] = {
    detect.PDF: Parser("PDF file", pdf.parse, pdf.DAMAGED),
    detect.DOCX: Parser("Word document", docx.parse, docx.DAMAGED),
    detect.PPTX: Parser("PowerPoint presentation", pptx.parse, pptx.DAMAGED),
    detect.XLSX: Parser("Excel workbook", xlsx.parse, xlsx.DAMAGED),
    detect.CSV: Parser("CSV file", csv_table.parse, csv_table.DAMAGED),
    detect.TSV: Parser("TSV file", csv_table.parse_tabs, csv_table.DAMAGED),
    detect.JSON: Parser("JSON file", json_data.parse, json_data.DAMAGED),
    detect.JSON_LINES: Parser("JSON Lines file", json_data.parse_lines, json_data.DAMAGED),
    detect.HTML: Parser("HTML page", html.parse, html.DAMAGED),
    detect.PNG: Parser("PNG image", image.parse, image.DAMAGED),
    detect.JPEG: Parser("JPEG image", image.parse, image.DAMAGED),
    detect.TIFF: Parser("TIFF image", image.parse, image.DAMAGED),
    detect.WEBP: Parser("WebP image", image.parse, image.DAMAGED),
    detect.EPUB: Parser("EPUB book", epub.parse, epub.DAMAGED),
    detect.EMAIL: Parser("e-mail", email_message.parse, email_message.DAMAGED),
    detect.MARKDOWN: Parser("Markdown file", markdown.parse, markdown.DAMAGED),
    detect.RESTRUCTURED_TEXT: Parser("reStructuredText file", restructured_text.parse, restructured_text.DAMAGED),
    detect.PLAIN_TEXT: Parser("text file", plain_text.parse, plain_text.DAMAGED),
}


def parse(path: Path, media_type: str, parsers: Mapping[str, Parser] = PARSERS) -> ParsedDocument:
    """The text and blocks of a file; raises UnsupportedFile or DocumentRejected with the reason."""
    parser = parsers.get(media_type)
    if parser is None:
        raise UnsupportedFile(f"Files of type {media_type} are not read. Supported: {', '.join(parsers)}.")
    try:
        return parser.read(path)
    except RecursionError as error:
        raise DocumentRejected("damaged", f"The {parser.kind} nests its parts deeper than can be read.") from error
    except parser.damaged as error:
        reason = " ".join(str(error).replace(str(path), "the file").split())[:_LONGEST_REASON]
        raise DocumentRejected(
            "damaged", f"The file is damaged or not a real {parser.kind}: {reason or type(error).__name__}"
        ) from error
