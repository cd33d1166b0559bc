"""docling's documents become blocks like those of every parser; its models are not needed for that.

`docling-core` makes the documents; docling itself reads a real PDF in its pipeline without models, where installed.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from ingest.parsing.docling_pdf import PARSERS, parse, read
from ingest.parsing.parsers import PARSERS as DEFAULT_PARSERS
from retrieval.errors import DocumentRejected
from tests.ingest.parsing.pdf_files import paragraph, write_flow, write_strings
from tests.ingest.parsing.soundness import assert_sound, contents, outline

_NEEDS_CORE = pytest.mark.skipif(find_spec("docling_core") is None, reason="needs docling-core (extra `docling`)")
_NEEDS_DOCLING = pytest.mark.skipif(find_spec("docling") is None, reason="needs the extra `docling`")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PDF of two pages."""
    return write_strings(tmp_path / "a.pdf", [[(72.0, 700.0, "Text of page one.")], [(72.0, 700.0, "And of two.")]])


def _annual_report() -> Any:
    from docling_core.types.doc import (  # noqa: PLC0415
        BoundingBox,
        ContentLayer,
        DoclingDocument,
        ProvenanceItem,
        Size,
        TableCell,
        TableData,
    )
    from docling_core.types.doc.labels import DocItemLabel  # noqa: PLC0415

    document = DoclingDocument(name="a")
    for page in (1, 2):
        document.add_page(page, Size(width=595, height=842))

    def on(page: int) -> ProvenanceItem:
        return ProvenanceItem(page_no=page, bbox=BoundingBox(l=0, t=0, r=1, b=1), charspan=(0, 1))

    def cell(text: str, row: int, column: int, width: int = 1) -> TableCell:
        return TableCell(
            text=text,
            start_row_offset_idx=row,
            end_row_offset_idx=row + 1,
            start_col_offset_idx=column,
            end_col_offset_idx=column + width,
            col_span=width,
        )

    document.add_text(DocItemLabel.PAGE_HEADER, "Company name", prov=on(1), content_layer=ContentLayer.FURNITURE)
    document.add_title("Annual report", prov=on(1))
    document.add_heading("Results", level=1, prov=on(1))
    document.add_text(DocItemLabel.TEXT, "Sales rose.", prov=on(1))
    group = document.add_list_group()
    document.add_list_item("in the north", enumerated=True, marker="1.", parent=group, prov=on(1))
    caption = document.add_text(DocItemLabel.CAPTION, "Table 1: sales", prov=on(2))
    cells = [cell("Sales", 0, 0, width=2), cell("north", 1, 0), cell("12", 1, 1)]
    document.add_table(TableData(table_cells=cells, num_rows=2, num_cols=2), caption=caption, prov=on(2))
    document.add_code("print(1)", prov=on(2))
    document.add_text(DocItemLabel.FORMULA, "", orig="E = m c 2", prov=on(2))
    document.add_text(DocItemLabel.FOOTNOTE, "1 unaudited", prov=on(2))
    document.add_picture(prov=on(2))
    return document


@_NEEDS_CORE
def test_every_kind_of_item_becomes_its_kind_of_block(path: Path) -> None:
    document = read(path, lambda _: _annual_report())

    assert_sound(document)
    assert outline(document) == [(1, "Annual report"), (2, "Results")]
    assert [block.kind for block in document.blocks] == [
        "heading",
        "heading",
        "paragraph",
        "list_item",
        "caption",
        "table",
        "code",
        "paragraph",
        "footnote",
    ]
    assert contents(document, "list_item") == ["1. in the north"]
    assert [line.strip() for line in contents(document, "table")[0].split("\n")] == ["Sales |", "north | 12"]
    assert contents(document, "paragraph") == ["Sales rose.", "E = m c 2"]
    assert [block.page for block in document.blocks] == [1, 1, 1, 1, 2, 2, 2, 2, 2]
    assert document.blocks[2].headings == ("Annual report", "Results")
    assert (document.title, document.pages) == ("Annual report", 2)


@_NEEDS_CORE
def test_a_pdf_in_which_docling_finds_no_text_goes_to_our_own_parser(path: Path) -> None:
    from docling_core.types.doc import DoclingDocument  # noqa: PLC0415

    assert read(path, lambda _: DoclingDocument(name="a")).text.startswith("Text of page one.")


@_NEEDS_DOCLING
@pytest.mark.filterwarnings("ignore")  # docling warns of itself
def test_a_real_conversion_keeps_every_word_and_page(tmp_path: Path) -> None:
    from docling.datamodel.base_models import InputFormat  # noqa: PLC0415
    from docling.datamodel.pipeline_options import NativePdfPipelineOptions  # noqa: PLC0415
    from docling.document_converter import DocumentConverter, PdfFormatOption  # noqa: PLC0415
    from docling.pipeline.native_pdf_pipeline import NativePdfPipeline  # noqa: PLC0415

    option = PdfFormatOption(pipeline_cls=NativePdfPipeline, pipeline_options=NativePdfPipelineOptions())
    converter = DocumentConverter(allowed_formats=[InputFormat.PDF], format_options={InputFormat.PDF: option})
    prose = [paragraph(f"Paragraph {number} of a document that fills a page or two. " * 6) for number in range(30)]
    path = write_flow(tmp_path / "a.pdf", prose)
    ours, theirs = DEFAULT_PARSERS["application/pdf"].read(path), read(path, lambda _: converter.convert(path).document)

    assert_sound(theirs)
    # ours leaves out lines that stand at one place on every page
    assert set(theirs.text.split()) == set(ours.text.split())
    assert theirs.pages == ours.pages


@_NEEDS_DOCLING
@pytest.mark.filterwarnings("ignore")  # docling warns of itself
def test_a_folder_without_models_is_told_with_what_to_do(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from docling.datamodel.settings import settings  # noqa: PLC0415

    (tmp_path / "models").mkdir()
    monkeypatch.setattr(settings, "artifacts_path", tmp_path / "models")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(DocumentRejected, match="docling-tools models download") as rejection:
        parse(path)
    assert rejection.value.code == "parser_unavailable"


def test_all_other_files_are_read_as_ever() -> None:
    assert {kind for kind in PARSERS if PARSERS[kind] is not DEFAULT_PARSERS[kind]} == {"application/pdf"}
