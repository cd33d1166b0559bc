"""What the paragraph styles of a Word document say about structure: headings, lists, code, captions."""

import re
from dataclasses import dataclass
from typing import Literal

from docx.oxml.xmlchemy import BaseOxmlElement as XmlElement

from ingest.parsing.docx_text import W

StyleRole = Literal["body", "heading", "caption", "code", "contents"]

_HEADING_NAME = re.compile(r"heading ([1-9])$")
_CODE_NAME = re.compile(r"\b(?:code|preformatted|source text|listing|macro)\b")
_BODY_OUTLINE = 9  # the outline level that Word calls body text
_LONGEST_CHAIN = 20  # styles based on styles; a damaged file may hold a circle


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """What a style, or a paragraph with it, means for structure."""

    role: StyleRole = "body"
    level: int = 0  # 1 for the outermost heading
    numbering_id: str = ""  # "" where the style numbers nothing
    numbering_level: int = 0


def read_styles(styles: XmlElement) -> dict[str, ParagraphStyle]:
    """The meaning of each paragraph style in `styles.xml`, by style id, with what it takes from its parents."""
    elements = {
        style.get(f"{W}styleId", ""): style
        for style in styles.iter(f"{W}style")
        if style.get(f"{W}type", "paragraph") == "paragraph"
    }
    return {style_id: _resolve(_chain(style_id, elements)) for style_id in elements}


def numbering_of(properties: XmlElement | None) -> tuple[str, int] | None:
    """The list and the level that a `w:pPr` puts its paragraph in; an id of "0" takes it out of any."""
    if properties is None:
        return None
    numbering = properties.find(f"{W}numPr")
    if numbering is None:
        return None
    level, numbering_id = numbering.find(f"{W}ilvl"), numbering.find(f"{W}numId")
    return (
        "" if numbering_id is None else numbering_id.get(f"{W}val", ""),
        0 if level is None else _digit(level.get(f"{W}val", "0")),
    )


def outline_level(properties: XmlElement | None) -> int | None:
    """The heading level (from 1) that a `w:pPr` states outright; 0 for body text, None where it says nothing."""
    element = None if properties is None else properties.find(f"{W}outlineLvl")
    if element is None:
        return None
    level = _digit(element.get(f"{W}val", str(_BODY_OUTLINE)))
    return 0 if level >= _BODY_OUTLINE else level + 1


def _chain(style_id: str, elements: dict[str, XmlElement]) -> list[XmlElement]:
    """The style and those that it is based on, nearest first."""
    chain: list[XmlElement] = []
    while style_id in elements and len(chain) < _LONGEST_CHAIN:
        chain.append(elements[style_id])
        parent = chain[-1].find(f"{W}basedOn")
        style_id = "" if parent is None else parent.get(f"{W}val", "")
    return chain


def _resolve(chain: list[XmlElement]) -> ParagraphStyle:
    """The meaning of a style from its own name and properties and those of its parents; the nearest wins."""
    role: StyleRole = "body"
    level: int | None = None
    numbering: tuple[str, int] | None = None
    for style in chain:
        name = style.find(f"{W}name")
        properties = style.find(f"{W}pPr")
        if role == "body":
            role, named_level = _role("" if name is None else name.get(f"{W}val", ""))
            level = named_level if level is None and role == "heading" else level
        if level is None and role == "body":
            level = outline_level(properties)
        numbering = numbering or numbering_of(properties)
    if role == "body" and level:
        role = "heading"
    numbering_id, numbering_level = numbering or ("", 0)
    return ParagraphStyle(role, level or 0, numbering_id, numbering_level)


def _role(name: str) -> tuple[StyleRole, int]:
    """The role that the name of a built-in or customary style gives, and the level of a heading."""
    name = name.lower()
    if heading := _HEADING_NAME.match(name):
        return "heading", int(heading.group(1))
    if name == "title":
        return "heading", 1
    if name.startswith("toc ") or name == "table of figures":
        return "contents", 0
    if name == "caption":
        return "caption", 0
    return ("code", 0) if _CODE_NAME.search(name) else ("body", 0)


def _digit(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) == 1 else 0
