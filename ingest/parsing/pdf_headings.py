"""Tells which paragraphs of a PDF are headings, by their type compared with that of the whole document."""

import re
from collections import Counter
from collections.abc import Iterable

from ingest.parsing.pdf_lines import LIST_MARKER
from ingest.parsing.pdf_paragraphs import Paragraph, is_contents_entry

_LARGER = 1.1  # times the body size
_NOT_SMALLER = 0.95
_LONGEST_LARGE = 200  # characters
_LONGEST_BOLD = 120
_MOST_LINES = 3
_LEVELS = 4  # by size; bold type in body size comes one below
# `2.1 `, `3 ` or, before Chinese, `3`: a section number. Without bold type it takes this and another font.
_NUMBERED = re.compile(r"\d{1,2}(?:\.\d{1,2}){0,3}(?=\s+\w|[\u4e00-\u9fff])")
_LONGEST_ITALIC = 80
_ITALIC_NAME = re.compile(rb"italic|oblique|[-,]it\b|cmti", re.IGNORECASE)
_SENTENCE_END = (")", "]", ":", "?", "!", "”", '"')
_NO_HEADING_END = (".", ",", ";", "。", "，", "；", "、")


class HeadingScale:
    """The heading levels of one document: the largest type is level 1."""

    def __init__(self, paragraphs: Iterable[Paragraph]) -> None:
        characters: Counter[tuple[float, bytes]] = Counter()
        bold = 0
        paragraphs = list(paragraphs)
        for paragraph in paragraphs:
            length = sum(len(line.text) for line in paragraph.lines)
            characters[paragraph.size, paragraph.font] += length
            bold += length * paragraph.bold
        self._body, self._body_font = characters.most_common(1)[0][0] if characters else (0.0, b"")
        self._bold_says_something = 2 * bold < characters.total()
        sizes = sorted({round(one.size) for one in paragraphs if self._is_large(one)}, reverse=True)
        self._levels = {size: min(rank, _LEVELS) for rank, size in enumerate(sizes, start=1)}

    def level(self, paragraph: Paragraph) -> int:
        """The heading level of a paragraph, 1 for the outermost; 0 for body text and list items."""
        marker = LIST_MARKER.match(paragraph.lines[0].text)
        if marker and marker["bullet"]:
            return 0
        if self._is_large(paragraph):
            return self._levels[round(paragraph.size)]
        below_large = min(len(self._levels), _LEVELS) + 1
        number = _NUMBERED.match(paragraph.lines[0].text)
        if not self._stands_out(paragraph):
            return 0
        if paragraph.bold or number:
            return below_large + (number.group().count(".") if number else 0)
        return below_large + 1 if self._is_italic_line(paragraph) else 0

    def _is_large(self, paragraph: Paragraph) -> bool:
        return paragraph.size > _LARGER * self._body and _is_short(paragraph, _LONGEST_LARGE)

    def _stands_out(self, paragraph: Paragraph) -> bool:
        """Whether a short paragraph is set in bold, or at least in another font than the body."""
        return (
            (self._bold_says_something if paragraph.bold else paragraph.font != self._body_font)
            and paragraph.size > _NOT_SMALLER * self._body
            and not paragraph.lines[-1].text.endswith(_NO_HEADING_END)
            and not is_contents_entry(paragraph.lines[-1].text)
            and _is_short(paragraph, _LONGEST_BOLD)
        )

    def _is_italic_line(self, paragraph: Paragraph) -> bool:
        """Whether a paragraph is one line in italics that begins as titles do, where the body is not italic."""
        text = paragraph.lines[0].text
        return (
            len(paragraph.lines) == 1
            and len(text) <= _LONGEST_ITALIC
            and text[0].isupper()
            and not text.endswith(_SENTENCE_END)
            and _ITALIC_NAME.search(paragraph.font) is not None
            and _ITALIC_NAME.search(self._body_font) is None
        )


def _is_short(paragraph: Paragraph, longest: int) -> bool:
    """Whether a paragraph is of a heading's length and, behind its number, mostly letters: figures are no headings."""
    whole = "".join(line.text for line in paragraph.lines)
    number = _NUMBERED.match(whole)
    text = whole[number.end() if number else 0 :].replace(" ", "")
    letters = sum(character.isalpha() for character in text)
    shortest = 3 if text.isascii() else 2
    return len(paragraph.lines) <= _MOST_LINES and shortest <= len(text) <= longest and 2 * letters >= len(text)
