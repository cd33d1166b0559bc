"""PowerPoint presentations: slide by slide the title, text, tables, charts, diagrams and speaker notes."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.shapes.group import GroupShape

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.detect import PPTX
from ingest.parsing.ooxml_chart import add_chart
from ingest.parsing.ooxml_dialect import transitional_copy
from ingest.parsing.preflight import check_archive
from ingest.parsing.types import ParsedDocument

# python-pptx looks parts up as they are asked for: what is missing shows as KeyError, ValueError or AttributeError.
DAMAGED: tuple[type[Exception], ...] = (
    PythonPptxError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    AttributeError,
)

_SAME_ROW = 228_600  # English Metric Units (a quarter of an inch): shapes this close in height are read left to right
_FEWEST_SLIDES = 3
_SHARE = 0.7  # of the slides: what stands on so many at one place is a running header or footer
_BULLETS = (qn("a:buChar"), qn("a:buAutoNum"), qn("a:buBlip"))
_DIAGRAM_IDS = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_DIAGRAM_POINT = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}pt"

_Placed = tuple[str, int | None, int | None]  # the text of a shape, "" for one without, and its top left corner


def parse(path: Path) -> ParsedDocument:
    """The slides of a presentation; raises DocumentRejected where it is encrypted, unsafe or without text."""
    check_archive(path, PPTX)
    presentation = Presentation(transitional_copy(path))
    builder = DocumentBuilder()
    slides = list(presentation.slides)
    running = _running(slides)
    said: set[_Placed] = set()
    for number, slide in enumerate(slides, start=1):
        builder.page(number)
        builder.leave_section()
        _add_slide(builder, slide, said)
        said |= running
    return builder.build(title=presentation.core_properties.title or builder.first_heading)


def _running(slides: Sequence[Any]) -> set[_Placed]:
    """What is said at the same place of most slides."""
    counted = Counter(placed for slide in slides for placed in set(map(_placed, _in_reading_order(slide.shapes))))
    most = max(_SHARE * len(slides), _FEWEST_SLIDES)
    return {placed for placed, count in counted.items() if placed[0] and count >= most}


def _placed(shape: Any) -> _Placed:
    return shape.text_frame.text if shape.has_text_frame else "", shape.top, shape.left


def _add_slide(builder: DocumentBuilder, slide: Any, said: set[_Placed]) -> None:
    """Adds the title of a slide, its shapes in reading order but for those that have been said, and its notes."""
    title = slide.shapes.title
    if title is not None:
        builder.heading(1, title.text_frame.text)
    for shape in _in_reading_order(slide.shapes):
        is_title = title is not None and shape.shape_id == title.shape_id
        if not is_title and not _is_slide_number(shape) and _placed(shape) not in said:
            _add_shape(builder, shape, slide)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        builder.paragraph(f"Speaker notes: {notes.text}")


def _is_slide_number(shape: Any) -> bool:
    return bool(shape.is_placeholder and shape.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER)


def _in_reading_order(shapes: Iterable[Any]) -> Iterator[Any]:
    """The shapes from top to bottom and left to right; a group counts as one and is then taken apart."""
    for shape in sorted(shapes, key=lambda shape: ((shape.top or 0) // _SAME_ROW, shape.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _add_shape(builder: DocumentBuilder, shape: Any, slide: Any) -> None:
    """Adds what a shape holds as text: a table, a chart, a diagram or paragraphs."""
    if getattr(shape, "has_table", False):
        builder.table([[cell.text for cell in row.cells] for row in shape.table.rows])
    elif getattr(shape, "has_chart", False):
        add_chart(builder, shape.chart_part.blob)
    elif shape.has_text_frame:
        in_body = shape.is_placeholder and shape.placeholder_format.type != PP_PLACEHOLDER.SUBTITLE
        for paragraph in shape.text_frame.paragraphs:
            if _is_list_item(paragraph, in_body and len(shape.text_frame.paragraphs) > 1):
                builder.list_item(paragraph.text)
            else:
                builder.paragraph(paragraph.text)
    else:
        for text in _diagram_texts(shape, slide):
            builder.list_item(text)


def _is_list_item(paragraph: Any, by_default: bool) -> bool:
    """Whether a paragraph shows a bullet or number: its own setting, else what its kind of shape inherits."""
    properties = paragraph._p.pPr
    if properties is not None:
        if properties.find(qn("a:buNone")) is not None:
            return False
        if any(properties.find(bullet) is not None for bullet in _BULLETS):
            return True
    return by_default or paragraph.level > 0


def _diagram_texts(shape: Any, slide: Any) -> Iterator[str]:
    """The texts of a SmartArt diagram, one for each of its points."""
    for ids in shape._element.iter(_DIAGRAM_IDS):
        data = parse_xml(slide.part.related_part(ids.get(qn("r:dm"))).blob)
        for point in data.iter(_DIAGRAM_POINT):
            yield "".join(text.text or "" for text in point.iter(qn("a:t")))
