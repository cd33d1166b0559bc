"""Writes PDF files for the tests with reportlab."""

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, SimpleDocTemplate, Table

STYLES = getSampleStyleSheet()
CHINESE = "STSong-Light"  # one of the fonts that PDF viewers bring along, so nothing is embedded
pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
CHINESE_STYLE = ParagraphStyle("chinese", fontName=CHINESE, fontSize=11, leading=16, wordWrap="CJK")


def write_flow(path: Path, flowables: Sequence[Flowable], **options: object) -> Path:
    """A PDF of paragraphs, headings and tables that run over as many pages as they need."""
    SimpleDocTemplate(str(path), pagesize=A4, **options).build(list(flowables))
    return path


def write_two_columns(path: Path, flowables: Sequence[Flowable]) -> Path:
    """A PDF whose text runs down a left and then a right column."""
    frames = [Frame(50, 50, 235, 740, id="left"), Frame(310, 50, 235, 740, id="right")]
    document = BaseDocTemplate(str(path), pagesize=A4)
    document.addPageTemplates(PageTemplate(frames=frames))
    document.build(list(flowables))
    return path


def paragraph(text: str, style: str = "BodyText") -> Paragraph:
    """A paragraph in one of reportlab's sample styles."""
    return Paragraph(text, STYLES[style])


def ruled_table(rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
    """A table with lines around its cells."""
    return Table(
        [list(row) for row in rows], colWidths=list(widths), style=[("GRID", (0, 0), (-1, -1), 1, colors.black)]
    )


def write_strings(path: Path, pages: Sequence[Sequence[tuple[float, float, str]]], size: int = 11) -> Path:
    """A PDF with strings drawn at places (x, y in points from the lower left), in the order given."""
    canvas = Canvas(str(path), pagesize=A4)
    for strings in pages:
        canvas.setFont("Helvetica", size)
        for x, y, text in strings:
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return path


def write_private_characters(path: Path) -> None:
    """A PDF whose font maps its letters to characters for private use, as badly made subsets do."""
    mapping = b"1 beginbfrange <41> <7a> <e001> endbfrange"
    cmap = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap " + (
        b"1 begincodespacerange <00> <ff> endcodespacerange " + mapping + b" endcmap end end"
    )
    content = b"BT /F 12 Tf 72 700 Td (Nobody can tell 7 what this means) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, content) for number, content in enumerate(objects, start=1))
    path.write_bytes(b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R/Size 7>>\nstartxref\n0\n%%EOF")
