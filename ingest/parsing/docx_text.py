"""The text of a Word paragraph from its XML: insertions in, deletions out, formulas on one line."""

import re
from collections.abc import Iterator

from docx.oxml.xmlchemy import BaseOxmlElement as XmlElement

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"

# What a reader of the final document does not see at this place: deleted text, the text of boxes, second versions of
# the same drawing, the annotation above ruby characters.
_UNSEEN = frozenset(
    (f"{W}del", f"{W}moveFrom", f"{W}pPr", f"{W}rPr", f"{W}txbxContent", f"{W}rt", f"{W}instrText", _FALLBACK)
)
_FIXED = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}ptab": "\t"}
_TEXT = (f"{W}t", f"{_M}t")

_BRACKETED = re.compile(r"\([^()]*\)")
_FORMULAS = frozenset(f"{_M}{name}" for name in ("f", "sSup", "sSub", "sSubSup", "rad", "d", "nary"))


def paragraph_text(paragraph: XmlElement) -> str:
    """The text of a `w:p` as it reads after all changes are accepted."""
    return "".join(_pieces(paragraph))


def text_boxes(paragraph: XmlElement) -> Iterator[XmlElement]:
    """The contents of the text boxes anchored in a paragraph, each one once."""
    for box in paragraph.iter(f"{W}txbxContent"):
        if not any(ancestor.tag == _FALLBACK for ancestor in box.iterancestors()):
            yield box


def note_ids(paragraph: XmlElement, kind: str) -> Iterator[str]:
    """The ids of the notes that a paragraph refers to; `kind` is `footnote` or `endnote`."""
    for reference in paragraph.iter(f"{W}{kind}Reference"):
        yield reference.get(f"{W}id", "")


def _pieces(element: XmlElement) -> Iterator[str]:
    """The stretches of text below an element; recursion is as deep as the XML, which its parser bounds at 256."""
    for child in element:
        if child.tag in _UNSEEN:
            continue
        if child.tag in _TEXT:
            yield child.text or ""
        elif child.tag in _FIXED:
            yield _FIXED[child.tag]
        elif child.tag in _FORMULAS:
            yield _formula(child)
        else:
            yield from _pieces(child)


def _formula(element: XmlElement) -> str:
    """A formula element on one line: `a/b`, `x^2`, `x_i`, `√(x)`, `(a, b)`, `∑_(n=1)^∞ x`."""

    def part(name: str) -> str:
        """The text of the parts with this name, in brackets where it would not read as one."""
        text = ", ".join("".join(_pieces(child)) for child in element.findall(f"{_M}{name}"))
        return text if len(text) < 2 or text.isalnum() or _BRACKETED.fullmatch(text) else f"({text})"

    match element.tag.removeprefix(_M):
        case "f":
            return f"{part('num')}/{part('den')}"
        case "rad":
            return f"√{part('e')}"
        case "nary":
            sign = element.find(f"{_M}naryPr/{_M}chr")
            symbol = "∫" if sign is None else sign.get(f"{_M}val", "∫")
            return f"{symbol}{_scripts(part('sub'), part('sup'))} {part('e')}"
        case "d":
            inside = part("e")
            return inside if inside.startswith("(") else f"({inside})"
        case _:
            return part("e") + _scripts(part("sub"), part("sup"))


def _scripts(below: str, above: str) -> str:
    """Subscript and superscript; either may be empty."""
    return (f"_{below}" if below else "") + (f"^{above}" if above else "")
