"""Reads the figures behind a chart of an Office file, whatever its kind, as a table."""

from typing import Any

from docx.oxml.parser import parse_xml

from ingest.parsing.builder import DocumentBuilder

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CATEGORIES = (f"{_C}cat", f"{_C}xVal")
_VALUES = (f"{_C}val", f"{_C}yVal")
CHART_REFERENCE = f"{_C}chart"  # the element of a drawing that names the part of its chart

_Element = Any  # lxml has no types of its own


def add_chart(builder: DocumentBuilder, part: bytes) -> None:
    """Adds the title of a chart and its figures: a row for each category, a column for each series."""
    root = parse_xml(part)
    builder.caption(_title(root))
    labels: dict[int, str] = {}
    columns: list[tuple[str, dict[int, str]]] = []  # name and values of each series, by the index of the category
    for series in root.iter(f"{_C}ser"):
        for name in _CATEGORIES:
            labels = _points(series.find(name)) or labels
        values = next((points for name in _VALUES if (points := _points(series.find(name)))), {})
        columns.append((" ".join(_points(series.find(f"{_C}tx")).values()), values))
    indexes = sorted({index for _, values in columns for index in values})
    if indexes:
        rows = [[labels.get(index, ""), *(values.get(index, "") for _, values in columns)] for index in indexes]
        builder.table([["", *(name for name, _ in columns)], *rows])


def chart_title(part: bytes) -> str:
    """The title of a chart; empty where it has none."""
    return _title(parse_xml(part))


def _title(root: _Element) -> str:
    title = root.find(f"{_C}chart/{_C}title")
    return "" if title is None else "".join(text.text or "" for text in title.iter(f"{_A}t"))


def _points(element: _Element | None) -> dict[int, str]:
    """The texts or numbers that the file keeps for a series, by index; numbers shortened to what they say."""
    if element is None:
        return {}
    points = {int(point.get("idx", "0")): point.findtext(f"{_C}v", "") for point in element.iter(f"{_C}pt")}
    return {index: _shortened(value) for index, value in points.items() if value}


def _shortened(value: str) -> str:
    """A number without the digits that binary fractions add (0.1 + 0.2); other text as it is."""
    try:
        return f"{float(value):.12g}" if "." in value else value
    except ValueError:
        return value
