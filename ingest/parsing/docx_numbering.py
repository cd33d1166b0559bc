"""The numbers that Word shows before list items and headings, which the file itself does not hold."""

from collections import defaultdict
from dataclasses import dataclass, field

from docx.oxml.xmlchemy import BaseOxmlElement as XmlElement

from ingest.parsing.docx_text import W

_LEVELS = 9
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_SMALL = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class _Level:
    """How one level of a list is numbered."""

    format: str = "decimal"
    text: str = ""  # e.g. `%1.%2)`; %n stands for the number of level n
    start: int = 1


@dataclass(slots=True)
class _Numbering:
    """One `w:num`: which definition it uses and where it begins anew."""

    definition: str
    restarts: dict[int, int] = field(default_factory=dict)  # level -> first number, until it is used


class ListNumbers:
    """Counts through the lists of a document; call `label` once for each numbered paragraph, in order."""

    def __init__(self, numbering: XmlElement | None) -> None:
        self._definitions: dict[str, dict[int, _Level]] = {}
        self._numberings: dict[str, _Numbering] = {}
        self._counts: dict[str, list[int | None]] = defaultdict(lambda: [None] * _LEVELS)  # by definition
        if numbering is not None:
            self._read(numbering)

    def label(self, numbering_id: str, level: int) -> str:
        """The number that stands before the paragraph, such as `2.1.` or `b)`; `-` for a bullet, "" for none."""
        numbering = self._numberings.get(numbering_id)
        if numbering is None or not 0 <= level < _LEVELS:
            return "-"
        levels = self._definitions.get(numbering.definition, {})
        self._advance(numbering, level, levels)
        this = levels.get(level, _Level())
        if this.format == "none":
            return ""
        if this.format == "bullet" or "%" not in this.text:
            return "-"
        label = this.text
        for index, count in enumerate(self._counts[numbering.definition]):
            upper = levels.get(index, _Level())
            label = label.replace(f"%{index + 1}", _number(count or upper.start, upper.format))
        return label.strip()

    def _advance(self, numbering: _Numbering, level: int, levels: dict[int, _Level]) -> None:
        """Counts one further at the level and begins the deeper ones anew."""
        counts = self._counts[numbering.definition]
        count = counts[level]
        if level in numbering.restarts:
            counts[level] = numbering.restarts.pop(level)
        else:
            counts[level] = levels.get(level, _Level()).start if count is None else count + 1
        counts[level + 1 :] = [None] * (_LEVELS - level - 1)

    def _read(self, numbering: XmlElement) -> None:
        """Takes in the definitions and their uses from `numbering.xml`."""
        for definition in numbering.iter(f"{W}abstractNum"):
            levels = {_integer(level.get(f"{W}ilvl")): _level(level) for level in definition.iter(f"{W}lvl")}
            self._definitions[definition.get(f"{W}abstractNumId", "")] = levels
        for use in numbering.iter(f"{W}num"):
            restarts = {
                _integer(override.get(f"{W}ilvl")): _integer(_value(override, "startOverride", "1"))
                for override in use.iter(f"{W}lvlOverride")
                if override.find(f"{W}startOverride") is not None
            }
            self._numberings[use.get(f"{W}numId", "")] = _Numbering(_value(use, "abstractNumId", ""), restarts)


def _level(element: XmlElement) -> _Level:
    return _Level(
        format=_value(element, "numFmt", "decimal"),
        text=_value(element, "lvlText", ""),
        start=_integer(_value(element, "start", "1")),
    )


def _value(element: XmlElement, name: str, default: str) -> str:
    """The `w:val` of a child element."""
    child = element.find(f"{W}{name}")
    return default if child is None else child.get(f"{W}val", default)


def _integer(text: str | None) -> int:
    """A whole number from XML; 0 for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 0


def _number(count: int, format: str) -> str:
    """A count in one of Word's formats; the rarer ones read as decimal."""
    if format in ("lowerLetter", "upperLetter") and count > 0:
        # a … z, aa, bb, …: Word repeats the letter
        letters = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letters.upper() if format == "upperLetter" else letters
    if format in ("lowerRoman", "upperRoman") and 0 < count < 4000:
        roman = ""
        for value, digits in (*_ROMAN, *_ROMAN_SMALL):
            roman += digits * (count // value)
            count %= value
        return roman.upper() if format == "upperRoman" else roman
    return str(count)
