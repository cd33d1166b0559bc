"""Finds the running headers and footers of a PDF: lines that stand at one place on most pages, page numbers aside.

What such a line says is kept where it stands first, so that a company's name in a header is not lost; lines of little
but a page number go altogether. A document where too little else would remain is left as it is.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ingest.parsing.joining import is_unspaced
from ingest.parsing.pdf_lines import Line

FEWEST_PAGES = 3
_SHARE = 0.7  # of the pages, or of the left or right ones
_ROWS = 4  # from the edge of the page inwards that may be running
_SAME_PLACE = 0.6  # of the font size
_MOST_CELLS = 3  # left, middle, right; a row of more is the header of a table that goes on
_LARGEST = 1.15  # of the body size: larger type is a title, also where slides repeat it
_REMAINING = 3  # lines of the middle page beside the running ones
_LARGEST_OFFSET = 500  # of a printed page number from the number of the page in the file
_FEW_LETTERS = 8  # "Seite 3 von 10", "第3页，共10页": nothing but the number; a Chinese character counts twice
_NUMBER = re.compile(r"\d{1,9}")  # longer ones in pieces: `int` refuses thousands of digits


@dataclass(frozen=True, slots=True)
class _Found:
    """A line near the edge of a page that may be running."""

    page: int
    line: Line
    is_outermost: bool


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[tuple[Line, ...]]:
    """The lines of each page without its running header and footer; those of few pages as they are."""
    running = _running(pages) if len(pages) >= FEWEST_PAGES else set()
    kept = [tuple(line for line in lines if id(line) not in running) for lines in pages]
    if not running or median(len(lines) for lines in kept) < _REMAINING:
        return [tuple(lines) for lines in pages]
    return kept


def _running(pages: Sequence[Sequence[Line]]) -> set[int]:
    """The identities of the lines to leave out."""
    body = _body_size(pages)
    edges = [[_rows(lines, is_header=True), _rows(lines, is_header=False)] for lines in pages]
    groups: dict[tuple[int, str], list[_Found]] = defaultdict(list)
    for page, sides in enumerate(edges):
        for side, rows in enumerate(sides):
            for rank, line in ((rank, line) for rank, row in enumerate(rows) for line in row):
                if len(line.cells) <= _MOST_CELLS and line.size <= _LARGEST * body:
                    groups[side, _NUMBER.sub("\0", line.text.casefold())].append(_Found(page, line, rank == 0))
    repeated = {id(found.line) for group in groups.values() for found in _repeated(group, len(pages))}
    outermost = {id(line) for sides in edges for rows in sides for line in _outermost(rows, repeated)}
    first = {id(group[0].line) for group in groups.values() if _says_something(group[0].line)}
    return outermost - first


def _body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The font size of most characters."""
    characters: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            characters[line.size] += len(line.text)
    return characters.most_common(1)[0][0] if characters else 0.0


def _rows(lines: Sequence[Line], *, is_header: bool) -> list[list[Line]]:
    """The outermost rows of a page from its edge inwards, each the lines at one height."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.top if is_header else line.bottom):
        middle = (line.top + line.bottom) / 2
        if rows and rows[-1][0].bottom < middle < rows[-1][0].top:
            rows[-1].append(line)
        elif len(rows) == _ROWS:
            break
        else:
            rows.append([line])
    return rows


def _repeated(group: Sequence[_Found], pages: int) -> Sequence[_Found]:
    """Those of the lines of one text that stand where most do and count pages if anything; none if too few."""
    usual = median(found.line.bottom for found in group)
    # In a PDF made of a web page the footer follows the text wherever that ends.
    placed = [
        found for found in group if found.is_outermost or abs(found.line.bottom - usual) < _SAME_PLACE * found.line.size
    ]
    if not all(_counts_pages(numbers) for numbers in zip(*map(_offsets, placed), strict=True)):
        return []
    on_pages = {found.page for found in placed}
    parities = [{page for page in on_pages if page % 2 == parity} for parity in (0, 1)]
    is_usual = len(on_pages) >= _SHARE * pages or any(len(some) >= _SHARE * (pages // 2) for some in parities)
    return placed if is_usual and len(on_pages) >= FEWEST_PAGES else []


def _offsets(found: _Found) -> list[tuple[int, int]]:
    """The numbers of a line, each with its distance from the number of the page."""
    numbers = [int(number) for number in _NUMBER.findall(found.line.text)]
    return [(number, number - found.page) for number in numbers]


def _counts_pages(numbers: Sequence[tuple[int, int]]) -> bool:
    """Whether a number is the same on most pages, or goes up with them."""
    values = Counter(number for number, _ in numbers)
    offsets = Counter(offset for _, offset in numbers if abs(offset) < _LARGEST_OFFSET)
    return max([*values.values(), *offsets.values()]) >= _SHARE * len(numbers)


def _outermost(rows: Sequence[Sequence[Line]], repeated: set[int]) -> Iterator[Line]:
    """The lines of the rows from the edge on as long as all of a row is repeated."""
    for row in rows:
        if not all(id(line) in repeated for line in row):
            return
        yield from row


def _says_something(line: Line) -> bool:
    """Whether a line holds more than a page number."""
    letters = [character for character in line.text if character.isalpha()]
    return len(letters) + sum(map(is_unspaced, letters)) > _FEW_LETTERS
