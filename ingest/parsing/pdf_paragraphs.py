"""Joins the lines of a PDF page into paragraphs by gaps, indents, line lengths and type."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.parsing.joining import is_unspaced, join_lines
from ingest.parsing.pdf_lines import LIST_MARKER, Line, ends_divided
from ingest.parsing.pdf_tables import Table, typical_leading

# In units of the font size.
_INDENT = 0.8
_SLACK = 1.0  # room at the end of a line that says nothing
_SAME_MARGIN = 3.0  # lines of one column begin this close to each other
_GAP = 1.35  # of the page's usual leading: a larger distance parts paragraphs
_SIZE_CHANGE = 0.12  # of the font size: a larger difference parts paragraphs
_NEIGHBOURS = 8  # lines before and after that show how far a column reaches to the right
_FEW = 3
_SENTENCE_END = (".", "!", "?", ":", ";", "。", "！", "？", "：", "；", "…", "”", '"')
_CONTENTS_ENTRY = re.compile(r"… \S{1,6}$")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The lines of running text, or of program text, of a page."""

    lines: tuple[Line, ...]
    is_code: bool

    @property
    def size(self) -> float:
        """The font size of its longest line."""
        return self._longest.size

    @property
    def font(self) -> bytes:
        """The font of its longest line."""
        return self._longest.font

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(line.bold for line in self.lines)

    @property
    def _longest(self) -> Line:
        return max(self.lines, key=lambda line: len(line.text))

    def text(self, compounds: frozenset[str]) -> str:
        """Its text, lines joined, or kept and indented as they stand where it is program text."""
        if not self.is_code:
            return join_lines((line.text for line in self.lines), compounds=compounds)
        margin = min(line.left for line in self.lines)
        width = min((line.right - line.left) / len(line.text) for line in self.lines)
        return "\n".join(" " * round((line.left - margin) / max(width, 1.0)) + line.text for line in self.lines)


def is_contents_entry(text: str) -> bool:
    """Whether the text is a line of a table of contents: title, leader, page number."""
    return _CONTENTS_ENTRY.search(text) is not None


def join_paragraphs(parts: Sequence[Line | Table], *, expect_code: bool) -> list[Paragraph | Table]:
    """The paragraphs and tables of a page; a table ends the paragraph before it.

    `expect_code` says that lines in monospaced type are program text; not so in a document typed in it throughout.
    """
    lines = [part for part in parts if isinstance(part, Line)]
    leading = typical_leading(lines)
    edges = dict(zip(map(id, lines), _right_edges(lines), strict=True))
    joined: list[Paragraph | Table] = []
    open_lines: list[Line] = []

    def close() -> None:
        if open_lines:
            joined.append(Paragraph(tuple(open_lines), expect_code and open_lines[0].monospaced))
            open_lines.clear()

    for part in parts:
        if isinstance(part, Table):
            close()
            joined.append(part)
            continue
        if open_lines and not _continues(open_lines, part, edges[id(open_lines[-1])], leading, expect_code):
            close()
        open_lines.append(part)
    close()
    return joined


def _continues(lines: Sequence[Line], line: Line, right_edge: float, leading: float, expect_code: bool) -> bool:
    """Whether the line goes on with the paragraph that `lines` begin."""
    last = lines[-1]
    distance = last.bottom - line.bottom
    if abs(line.size - last.size) > _SIZE_CHANGE * last.size or line.bold != last.bold:
        return False
    if expect_code and (line.monospaced or last.monospaced):
        return line.monospaced and last.monospaced and 0 < distance < 2 * _GAP * leading * line.size
    if distance <= 0:
        return _runs_on(lines, line, right_edge)  # at the top of the next column
    if distance > _GAP * leading * line.size or is_contents_entry(last.text):
        return False
    return _continues_below(lines, line, right_edge)


def _continues_below(lines: Sequence[Line], line: Line, right_edge: float) -> bool:
    """The same for a line at the usual distance below the last one, in the same type."""
    last = lines[-1]
    if ends_divided(last) or (line.text[0].islower() and not last.text.endswith(_SENTENCE_END)):
        return True
    marker = LIST_MARKER.match(line.text)
    if marker and line.text[marker.end() : marker.end() + 1] == " ":
        # A number may also begin a line by chance, as the year or initial that a sentence runs over to.
        is_item = marker["bullet"] or LIST_MARKER.match(lines[0].text) or last.text.endswith(_SENTENCE_END)
        return not (is_item or _ends_early(last, line, right_edge))
    return _is_centred(last, line) or not (_is_indented_anew(lines, line) or _ends_early(last, line, right_edge))


def _runs_on(lines: Sequence[Line], line: Line, right_edge: float) -> bool:
    """Whether a line elsewhere on the page goes on with the sentence that `lines` leave open."""
    last = lines[-1]
    if ends_divided(last) or (line.text[0].islower() and not last.text.endswith(_SENTENCE_END)):
        return True
    is_full = len(lines) > 1 and last.right + 2 * _SLACK * last.size > right_edge
    return is_full and is_unspaced(last.text[-1] + line.text[0]) and not last.text.endswith(_SENTENCE_END)


def _is_indented_anew(lines: Sequence[Line], line: Line) -> bool:
    """Whether the left edge says that a paragraph begins: an indent, or a step out of a hanging one."""
    step = (line.left - lines[-1].left) / line.size
    if len(lines) == 1:
        is_item = LIST_MARKER.match(lines[0].text) is not None
        return step > _INDENT and not is_item
    return abs(step) > _INDENT


def _ends_early(last: Line, line: Line, right_edge: float) -> bool:
    """Whether `last` ends though the first word of `line` had room on it, so that the break was meant."""
    first_word = line.text.split(maxsplit=1)[0]
    characters = len(first_word) if first_word.isascii() else 1
    width = (line.right - line.left) * characters / len(line.text)
    return last.right + width + _SLACK * line.size < right_edge


def _is_centred(last: Line, line: Line) -> bool:
    """Whether two lines share their middle and neither edge."""
    middles = abs((last.left + last.right) - (line.left + line.right)) / 2
    return middles < 0.5 * line.size and abs(last.left - line.left) > line.size


def _right_edges(lines: Sequence[Line]) -> list[float]:
    """For each line how far its column reaches to the right.

    That is shown by its neighbours with the same type and left margin, of which the second furthest counts, so that a
    single line that sticks out says nothing; by all neighbours above and below it where there are few such.
    """
    edges = []
    for position, line in enumerate(lines):
        around = lines[max(position - _NEIGHBOURS, 0) : position + _NEIGHBOURS + 1]
        alike = sorted(
            other.right
            for other in around
            if abs(other.size - line.size) < _SIZE_CHANGE * line.size
            and abs(other.left - line.left) < _SAME_MARGIN * line.size
        )
        if len(alike) > _FEW:
            edges.append(alike[-2])
        else:
            edges.append(max(other.right for other in around if other.left < line.right and line.left < other.right))
    return edges
