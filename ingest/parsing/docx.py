"""Word documents: paragraphs, headings, lists, tables, text boxes and notes, in the order of the body."""

import zipfile
import zlib
from pathlib import Path

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import OpcError
from docx.opc.part import Part
from docx.oxml.parser import parse_xml
from docx.oxml.xmlchemy import BaseOxmlElement as XmlElement

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.detect import DOCX
from ingest.parsing.docx_numbering import ListNumbers
from ingest.parsing.docx_styles import ParagraphStyle, numbering_of, outline_level, read_styles
from ingest.parsing.docx_table import table_cells, table_rows
from ingest.parsing.docx_text import W, note_ids, paragraph_text, text_boxes
from ingest.parsing.ooxml_chart import CHART_REFERENCE, add_chart
from ingest.parsing.ooxml_dialect import transitional_copy
from ingest.parsing.preflight import check_archive
from ingest.parsing.types import ParsedDocument

# python-docx looks things up in the package as it opens it: what is missing shows as KeyError, ValueError or
# AttributeError. Broken XML shows as the SyntaxError of lxml.
DAMAGED: tuple[type[Exception], ...] = (
    OpcError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    AttributeError,
)

_WRAPPERS = frozenset((f"{W}sdt", f"{W}sdtContent", f"{W}customXml", f"{W}ins", f"{W}moveTo", f"{W}smartTag"))
_RELATIONSHIP_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_NOTES = {"footnote": RELATIONSHIP_TYPE.FOOTNOTES, "endnote": RELATIONSHIP_TYPE.ENDNOTES}


def parse(path: Path) -> ParsedDocument:
    """The body of a Word document; raises DocumentRejected where it is encrypted, unsafe or without text."""
    check_archive(path, DOCX)
    document = docx.Document(transitional_copy(path))
    builder = DocumentBuilder()
    reader = _BodyReader(builder, document.part)
    reader.read(document.element.body)
    reader.end_code()
    return builder.build(title=document.core_properties.title or builder.first_heading)


class _BodyReader:
    """Turns the elements of a body into blocks; keeps count of lists and gathers the lines of code blocks."""

    def __init__(self, builder: DocumentBuilder, main: Part) -> None:
        self._builder = builder
        self._main = main
        parts = {relation.reltype: relation.target_part for relation in main.rels.values() if not relation.is_external}
        styles = _root(parts.get(RELATIONSHIP_TYPE.STYLES))
        self._styles = read_styles(styles) if styles is not None else {}
        self._numbers = ListNumbers(_root(parts.get(RELATIONSHIP_TYPE.NUMBERING)))
        self._notes = {kind: _notes(_root(parts.get(relation)), kind) for kind, relation in _NOTES.items()}
        self._code: list[str] = []

    def read(self, parent: XmlElement) -> None:
        """Adds every block below the parent; wrappers such as content controls are looked through."""
        for element in parent:
            if element.tag == f"{W}p":
                self._paragraph(element)
            elif element.tag == f"{W}tbl":
                self._table(element)
            elif element.tag in _WRAPPERS:
                self.read(element)
            elif element.tag == f"{W}altChunk":
                self._builder.warn("The document includes another file, which is not read. Upload it by itself.")

    def end_code(self) -> None:
        """Adds the code block gathered so far, one paragraph a line."""
        if self._code:
            self._builder.code("\n".join(self._code))
            self._code.clear()

    def _paragraph(self, paragraph: XmlElement) -> None:
        """Adds a paragraph by its role, then the text boxes, charts and notes that hang on it."""
        properties = paragraph.find(f"{W}pPr")
        style = self._style(properties)
        text = paragraph_text(paragraph)
        if style.role == "code":
            self._code.append(text)
        else:
            self.end_code()
            # An empty paragraph in a list shows no number and so must not count.
            if text.strip() and style.role != "contents":
                self._add(text, style)
        for box in text_boxes(paragraph):
            self.read(box)
        for chart in paragraph.iter(CHART_REFERENCE):
            add_chart(self._builder, self._main.related_parts[chart.get(_RELATIONSHIP_ID, "")].blob)
        for kind, notes in self._notes.items():
            for note_id in note_ids(paragraph, kind):
                self._builder.footnote(notes.get(note_id, ""))

    def _labelled_text(self, paragraph: XmlElement) -> str:
        """The text of a paragraph in a cell, behind its number or bullet where it is a list item."""
        text = paragraph_text(paragraph)
        style = self._style(paragraph.find(f"{W}pPr"))
        if not (text.strip() and style.numbering_id):
            return text
        return f"{self._numbers.label(style.numbering_id, style.numbering_level)} {text}"

    def _add(self, text: str, style: ParagraphStyle) -> None:
        """Adds text as the block that its style asks for."""
        label = self._numbers.label(style.numbering_id, style.numbering_level) if style.numbering_id else ""
        if style.role == "heading":
            self._builder.heading(style.level, text if label in ("", "-") else f"{label} {text}")
        elif style.role == "caption":
            self._builder.caption(text)
        elif label:
            self._builder.list_item(text, label)
        else:
            self._builder.paragraph(text)

    def _style(self, properties: XmlElement | None) -> ParagraphStyle:
        """The meaning of a paragraph: its style, changed by what it states outright."""
        name = None if properties is None else properties.find(f"{W}pStyle")
        style = self._styles.get("" if name is None else name.get(f"{W}val", ""), ParagraphStyle())
        level = outline_level(properties)
        role = style.role
        if level is not None and role in ("body", "heading"):
            role = "heading" if level else "body"
        numbering_id, numbering_level = numbering_of(properties) or ("", style.numbering_level)
        numbering_id = numbering_id or style.numbering_id
        return ParagraphStyle(role, level or style.level, "" if numbering_id == "0" else numbering_id, numbering_level)

    def _table(self, table: XmlElement) -> None:
        """Adds a table; one of a single column is a frame around text and is read as such."""
        self.end_code()
        cells = table_cells(table)
        if max((len(row) for row in cells), default=0) > 1:
            self._builder.table(table_rows(table, self._labelled_text))
            return
        for row in cells:
            for cell in row:
                self.read(cell)


def _root(part: Part | None) -> XmlElement | None:
    """The XML of a part; None where the document has no such part."""
    if part is None:
        return None
    return parse_xml(part.blob)


def _notes(root: XmlElement | None, kind: str) -> dict[str, str]:
    """The texts of the footnotes or endnotes, by id."""
    if root is None:
        return {}
    return {
        note.get(f"{W}id", ""): " ".join(paragraph_text(paragraph).strip() for paragraph in note.iter(f"{W}p"))
        for note in root.iter(f"{W}{kind}")
        if note.get(f"{W}type", "normal") == "normal"
    }
