"""PDF files through docling (extra `docling`): its layout and table models say what is a heading, a list, a table.

The models lie in the folder that the environment names (`DOCLING_ARTIFACTS_PATH`, docling's own variable); nothing is
fetched. What docling finds no text in goes to our own parser, which recognises text or says why there is none.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest.parsing import pdf
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.detect import PDF
from ingest.parsing.parsers import PARSERS as DEFAULT_PARSERS
from ingest.parsing.parsers import Parser
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

_LONGEST_REASON = 200  # characters of docling's own message that are passed on

Convert = Callable[[Path], Any]  # from a PDF to a `DoclingDocument`


def parse(path: Path) -> ParsedDocument:
    """What `read` gives with docling's models."""
    return read(path, _convert)


def read(path: Path, convert: Convert) -> ParsedDocument:
    """The text of a PDF as docling structures it; raises DocumentRejected for the reasons that `pdf.parse` has."""
    document = pdf.open_document(path)
    title = pdf.title_of(document)
    document.close()
    builder = DocumentBuilder()
    for item, _ in convert(path).iterate_items():  # in reading order, without page headers and footers
        _add(builder, item)
    if builder.empty:
        return pdf.parse(path)
    return builder.build(title=title or builder.first_heading)


def _add(builder: DocumentBuilder, item: Any) -> None:
    """Adds an item as the block that its label makes it."""
    if item.prov:
        builder.page(item.prov[0].page_no)
    text = getattr(item, "text", "")
    match str(item.label):
        case "title":
            builder.heading(1, text)
        case "section_header":
            builder.heading(item.level + 1, text)  # docling's level 1 stands below the title
        case "list_item":
            builder.list_item(text, item.marker)
        case "table" | "document_index":
            builder.table(_rows(item))
        case "code":
            builder.code(text)
        case "caption":
            builder.caption(text)
        case "footnote":
            builder.footnote(text)
        case _:  # a formula that was not read has no text but its characters
            builder.paragraph(text or getattr(item, "orig", ""))


def _rows(table: Any) -> Iterator[list[str]]:
    """The rows of a table; a cell that spans several places stands in the first alone."""
    seen: set[tuple[int, int]] = set()
    for row in table.data.grid:
        cells = []
        for cell in row:
            place = (cell.start_row_offset_idx, cell.start_col_offset_idx)
            cells.append("" if place in seen else cell.text)
            seen.add(place)
        yield cells


def _convert(path: Path) -> Any:
    """The `DoclingDocument` of a PDF; the text is the file's own, without recognition."""
    from docling.datamodel.base_models import ConversionStatus, InputFormat  # noqa: PLC0415 - an optional extra
    from docling.datamodel.pipeline_options import PdfPipelineOptions  # noqa: PLC0415
    from docling.document_converter import DocumentConverter, PdfFormatOption  # noqa: PLC0415

    options = PdfPipelineOptions(do_ocr=False)
    options.accelerator_options.num_threads = 1  # as many files as there are cores are parsed side by side
    converter = DocumentConverter(
        allowed_formats=[InputFormat.PDF], format_options={InputFormat.PDF: PdfFormatOption(pipeline_options=options)}
    )
    try:
        converter.initialize_pipeline(InputFormat.PDF)
    except (OSError, RuntimeError, ImportError, ValueError) as error:
        raise DocumentRejected(
            "parser_unavailable",
            "docling cannot load its models: fill the folder of SCHOLIAST_DOCLING_MODELS with `docling-tools models "
            f"download -o FOLDER` and reindex. ({type(error).__name__})",
        ) from error
    result = converter.convert(path, raises_on_error=False)
    if result.status is not ConversionStatus.SUCCESS:
        reason = "; ".join(error.error_message for error in result.errors).replace(str(path), "the file")
        raise DocumentRejected("damaged", f"docling cannot read the PDF: {reason[:_LONGEST_REASON] or result.status}.")
    return result.document


PARSERS: dict[str, Parser] = {**DEFAULT_PARSERS, PDF: Parser("PDF file", parse, pdf.DAMAGED)}
