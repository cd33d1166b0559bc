import zipfile
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph

from ingest.parsing.docx import parse
from ingest.parsing.types import ParsedDocument
from tests.ingest.parsing.office_archives import write_encrypted, write_zip_bomb
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _parsed(document: Document, folder: Path) -> ParsedDocument:
    document.save(str(folder / "a.docx"))
    parsed = parse(folder / "a.docx")
    assert_sound(parsed)
    return parsed


def _append(paragraph: Paragraph, xml: str) -> None:
    """Puts raw XML at the end of a paragraph."""
    namespaces = nsdecls("w", "m")
    paragraph._p.append(parse_xml(xml.replace(">", f" {namespaces}>", 1)))


def test_the_body_is_read_in_order_with_its_headings(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Report", 0)
    document.add_heading("Scope", 1)
    document.add_paragraph("First paragraph.")
    document.add_paragraph("a point", style="List Bullet")
    document.add_paragraph("step", style="List Number")
    document.add_paragraph("step", style="List Number")
    document.add_heading("Detail", 2)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Item", "Price", "nut", "3"], strict=True):
        cell.text = text
    document.add_paragraph("After the table.")
    parsed = _parsed(document, tmp_path)

    assert outline(parsed) == [(1, "Report"), (1, "Scope"), (2, "Detail")]
    assert contents(parsed, "list_item") == ["- a point", "1. step", "2. step"]
    assert contents(parsed, "table") == ["Item | Price\nnut | 3"]
    assert parsed.text.endswith("nut | 3\n\nAfter the table.")
    assert parsed.blocks[-1].headings == ("Scope", "Detail")


def test_the_title_is_that_of_the_properties_or_the_first_heading(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Heading", 1)
    document.core_properties.title = ""
    assert _parsed(document, tmp_path).title == "Heading"

    document.core_properties.title = "Stated"
    assert _parsed(document, tmp_path).title == "Stated"


def test_merged_cells_are_repeated_down_and_stand_once_across(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    for number, cell in enumerate(table._cells):
        cell.text = str(number)
    table.cell(1, 0).merge(table.cell(2, 0)).text = "down"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "across"

    assert contents(_parsed(document, tmp_path), "table") == ["0 | across |\ndown | 4 | 5\ndown | 7 | 8"]


def test_list_items_in_cells_keep_their_numbers(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "Steps"
    for text in ("first", "second"):
        table.cell(0, 1).add_paragraph(text, style="List Number")

    assert contents(_parsed(document, tmp_path), "table") == ["Steps | 1. first 2. second"]


def test_a_table_of_one_cell_is_read_as_the_text_it_frames(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_table(rows=1, cols=1).cell(0, 0).text = "framed"

    assert [block.kind for block in _parsed(document, tmp_path).blocks] == ["paragraph"]


def test_changes_read_as_accepted(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("kept")
    _append(paragraph, "<w:ins><w:r><w:t> added</w:t></w:r></w:ins>")
    _append(paragraph, "<w:del><w:r><w:delText> removed</w:delText></w:r></w:del>")

    assert _parsed(document, tmp_path).text == "kept added"


def test_formulas_stand_on_one_line(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("so ")
    _append(
        paragraph,
        "<m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
        "<m:r><m:t>=</m:t></m:r><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num>"
        "<m:den><m:r><m:t>c</m:t></m:r></m:den></m:f></m:oMath>",
    )

    assert _parsed(document, tmp_path).text == "so x^2=(a+b)/c"


def test_text_boxes_and_content_controls_are_read(tmp_path: Path) -> None:
    document = docx.Document()
    anchor = document.add_paragraph("anchor")
    _append(anchor, "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>")
    control = OxmlElement("w:sdt")
    content = OxmlElement("w:sdtContent")
    control.append(content)
    content.append(document.add_paragraph("controlled")._p)
    document.element.body.insert(1, control)

    assert contents(_parsed(document, tmp_path), "paragraph") == ["anchor", "boxed", "controlled"]


def test_headings_carry_the_numbers_that_word_shows(tmp_path: Path) -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">'
            '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1."/></w:lvl>'
            '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
            "</w:abstractNum>"
        ),
    )
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    for text, level in [("One", 0), ("Inner", 1), ("Inner too", 1), ("Two", 0), ("Inner again", 1)]:
        properties = document.add_heading(text, level + 1)._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = level
        properties.get_or_add_numId().val = 90

    assert [text for _, text in outline(_parsed(document, tmp_path))] == [
        "I. One",
        "I.a) Inner",
        "I.b) Inner too",
        "II. Two",
        "II.a) Inner again",
    ]


def test_program_text_is_one_block(tmp_path: Path) -> None:
    document = docx.Document()
    style = document.styles.add_style("Source Code", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("if x:", style=style)
    document.add_paragraph("    y()", style=style)
    document.add_paragraph("prose")
    parsed = _parsed(document, tmp_path)

    assert contents(parsed, "code") == ["if x:\n    y()"]
    assert contents(parsed, "paragraph") == ["prose"]


def test_the_table_of_contents_is_left_out(tmp_path: Path) -> None:
    document = docx.Document()
    style = document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("Chapter\t7", style=style)
    document.add_paragraph("text")

    assert _parsed(document, tmp_path).text == "text"


def test_the_strict_dialect_reads_like_the_transitional_one(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Heading", 1)
    document.add_paragraph("text")
    document.save(str(tmp_path / "transitional.docx"))
    with (
        zipfile.ZipFile(tmp_path / "transitional.docx") as source,
        zipfile.ZipFile(tmp_path / "strict.docx", "w") as strict,
    ):
        for name in source.namelist():
            content = source.read(name)
            for kind in (b"officeDocument", b"wordprocessingml", b"drawingml"):
                transitional = b"http://schemas.openxmlformats.org/" + kind + b"/2006/"
                content = content.replace(transitional, b"http://purl.oclc.org/ooxml/" + kind + b"/")
            strict.writestr(name, content)

    assert parse(tmp_path / "strict.docx").text == parse(tmp_path / "transitional.docx").text


def test_footnotes_follow_the_paragraph_that_refers_to_them(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("claim")
    _append(paragraph, '<w:r><w:footnoteReference w:id="2"/></w:r>')
    document.add_paragraph("next")
    notes = Part(
        PackURI("/word/footnotes.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml",
        f'<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:t>its source</w:t></w:r></w:p></w:footnote></w:footnotes>'.encode(),
        document.part.package,
    )
    document.part.relate_to(notes, RELATIONSHIP_TYPE.FOOTNOTES)

    assert [(block.kind) for block in _parsed(document, tmp_path).blocks] == ["paragraph", "footnote", "paragraph"]
    assert contents(_parsed(document, tmp_path), "footnote") == ["its source"]


def test_an_empty_document_an_encrypted_one_and_a_bomb_are_rejected(tmp_path: Path) -> None:
    docx.Document().save(str(tmp_path / "empty.docx"))

    assert rejection_code(lambda: parse(tmp_path / "empty.docx")) == "no_text"
    assert rejection_code(lambda: parse(write_encrypted(tmp_path / "locked.docx"))) == "encrypted"
    assert rejection_code(lambda: parse(write_zip_bomb(tmp_path / "bomb.docx"))) == "archive_bomb"


def test_the_style_of_a_paragraph_may_be_overruled_by_an_outline_level(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Looks like text")
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "1")
    paragraph._p.get_or_add_pPr().append(level)

    assert outline(_parsed(document, tmp_path)) == [(2, "Looks like text")]
