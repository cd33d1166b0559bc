"""Puts the runs of a PDF page together into lines, each of one cell or, in tables, of several."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.parsing.joining import SURE_HYPHEN, close_unspaced
from ingest.parsing.pdf_runs import Run, same_line

# What stands alone in its own narrow cell and belongs to the next or the previous one.
_PREFIX = re.compile(r"[$€£¥(]{1,2}|[A-Z]{0,3}\$")
_SUFFIX = re.compile(r"[)%]{1,2}|\)\s?%")
LIST_MARKER = re.compile(
    r"(?P<bullet>[•‣▪◦●○■□▶➢✓❖·∙–—*-])"
    r"|(?P<number>\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2}){1,3}|\.\d{1,2})"
    r"|[（(][一二三四五六七八九十\d]{1,3}[）)]"
)
_BULLETS = tuple("•‣▪◦●○■□▶➢✓❖")  # not dashes, which stand for "nothing" in tables
_WIDE_GAP = 1.2  # of the font size: a gap between columns or cells even where the line is stretched
_CELL_LINES = 5  # lines that one cell of a table may have
_CELL_LENGTH = 40  # characters that a line of such a cell may have; columns of running text have more
_KASHIDA = "\u0640"  # stretches an Arabic word to the width of its line; nobody types it in a search
# The space after a Latin word in Arabic text is lost where PDFium turns the words round.
_LATIN_BEFORE_ARABIC = re.compile("(?<=[A-Za-z])(?=[\u0620-\u063f\u0641-\u064a])")
_LEADERS = re.compile(r"(?:\s?[.·…_]){4,}\s*")  # the dots of a table of contents


@dataclass(frozen=True, slots=True)
class Cell:
    """Text side by side on a line, with where it begins and ends."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page; lengths in points, y upwards, x in the direction of reading (negative from right to left)."""

    cells: tuple[Cell, ...]  # parted by wide gaps
    parts: tuple[Cell, ...]  # parted by any gap wider than a space: what cells are where the line is in a table
    bottom: float
    top: float
    size: float  # font size of most words
    bold: bool  # whether all words are
    monospaced: bool  # whether all words are
    font: bytes

    @property
    def left(self) -> float:
        """Where the first cell begins."""
        return min(cell.left for cell in self.cells)

    @property
    def right(self) -> float:
        """Where the last cell ends."""
        return max(cell.right for cell in self.cells)

    @property
    def text(self) -> str:
        """The cells as one text."""
        return close_unspaced(" ".join(cell.text for cell in self.cells))


def read_lines(runs: Iterable[Run]) -> list[Line]:
    """Groups runs that stand at one height; the order of lines is that of their first runs.

    A short run may also complete one of the last few lines, because tables, their headers above all, are often drawn
    cell by cell.
    """
    groups: list[list[Run]] = []
    for run in runs:
        for distance, group in enumerate(reversed(groups[-_CELL_LINES:])):
            is_near = distance == 0 or all(len(other.characters) < _CELL_LENGTH for other in (run, *group))
            if is_near and all(same_line(run, other) and not _overlap(run, other) for other in group):
                group.append(run)
                break
        else:
            groups.append([run])
    return [_line(group) for group in groups]


def split_columns(lines: Sequence[Line]) -> list[list[Line]]:
    """Takes lines of several cells apart at their cells: one list of lines for each column, in reading order."""
    margins = [cell.left for cell in max(lines, key=lambda line: len(line.cells)).cells]
    columns: list[list[Line]] = [[] for _ in margins]
    for line in lines:
        for cell in line.cells:
            nearest = min(range(len(margins)), key=lambda index: abs(margins[index] - cell.left))
            columns[nearest].append(replace(line, cells=(cell,), parts=(cell,)))
    return columns


def _line(runs: list[Run]) -> Line:
    """One line out of runs at one height, in reading order."""
    is_right_to_left = _mostly_right_to_left(runs)
    cells = [
        Cell(_clean(run.text), *((-run.right, -run.left) if is_right_to_left else (run.left, run.right)))
        for run in runs
    ]
    words: Counter[float] = Counter()
    for run in runs:
        words.update(run.sizes)
    size = words.most_common(1)[0][0]
    parts = _merged(sorted(cells, key=lambda cell: cell.left))
    return Line(
        cells=tuple(_close_together(parts, _WIDE_GAP * size)),
        parts=tuple(parts),
        bottom=min(run.bottom for run in runs),
        top=max(run.top for run in runs),
        size=size,
        bold=all(run.bold == run.words for run in runs),
        monospaced=all(run.monospaced == run.words for run in runs),
        font=max(runs, key=lambda run: len(run.characters)).font,
    )


def _close_together(parts: list[Cell], gap: float) -> list[Cell]:
    """The parts with those joined that are less than the gap apart."""
    cells: list[Cell] = []
    for part in parts:
        last = cells[-1] if cells else None
        if last and part.left - last.right < gap:
            cells[-1] = Cell(f"{last.text} {part.text}", last.left, part.right)
        else:
            cells.append(part)
    return cells


def _merged(cells: list[Cell]) -> list[Cell]:
    """The cells with currency signs, brackets, percent signs and list markers joined to what they belong to."""
    merged: list[Cell] = []
    for cell in cells:
        last = merged[-1] if merged else None
        if last and (_PREFIX.fullmatch(last.text) or _SUFFIX.fullmatch(cell.text)):
            merged[-1] = Cell(last.text + cell.text, last.left, cell.right)
        elif last and (last.text in _BULLETS or (len(merged) == 1 and LIST_MARKER.fullmatch(last.text))):
            merged[-1] = Cell(f"{last.text} {cell.text}", last.left, cell.right)
        else:
            merged.append(cell)
    return merged


def _clean(text: str) -> str:
    """The text of a run without dot leaders, spaced-out Chinese and stretched Arabic."""
    if len(text) < 2:
        return text
    return close_unspaced(_LATIN_BEFORE_ARABIC.sub(" ", _LEADERS.sub(" … ", text)).replace(_KASHIDA, "")).strip()


def _overlap(first: Run, second: Run) -> bool:
    """Whether two runs take the same room across, as those of different lines do."""
    shared = min(first.right, second.right) - max(first.left, second.left)
    return shared > 0.3 * min(first.right - first.left, second.right - second.left)


def _mostly_right_to_left(runs: list[Run]) -> bool:
    letters = [character for run in runs for character in run.text if character.isalpha()]
    return 2 * sum("\u0590" <= letter <= "\u08ff" for letter in letters) > len(letters)


def ends_divided(line: Line) -> bool:
    """Whether the line ends inside a word."""
    return line.text.endswith((SURE_HYPHEN, "-", "\u2010"))
