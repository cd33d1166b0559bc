"""Reads the characters of a PDF page and joins those that stand side by side into runs of text with a place."""

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parsing.joining import SURE_HYPHEN

_GAP = 0.7  # of the font size: a wider gap is no space between words, unless the line is stretched
_OVERLAP = 0.5  # of the lower of two boxes: the share by which characters of one line overlap in height

# By the names of font files; "bx" is how Computer Modern, "medi" how Nimbus calls bold type.
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi|[cs][mf]bx|medi$", re.IGNORECASE)
_BOLD_WEIGHT = 600
# "tt" is how the fonts of TeX call it: Computer Modern (cmtt9), European Modern (ectt, sftt), Latin Modern (lmtt).
_MONOSPACED_NAME = re.compile(rb"courier|mono|consol|typewriter|menlo|(?:cm|ec|sf|lm)[a-z]{0,2}tt", re.IGNORECASE)
_FIXED_PITCH = 1  # of the font descriptor flags (ISO 32000, table 121)
_NAME_SIZE = 128  # bytes of a font name that are looked at
_TILT = 10  # degrees off the horizontal or vertical beyond which text is a watermark

_LINE_BREAKS = (10, 13)
_HYPHENS = (2, 0xFFFE)  # how PDFium marks a hyphen that divides a word
# Code points that name the shape of a character where the character itself is meant: ligatures, Kangxi radicals,
# Arabic presentation forms. Whoever searches types the character.
_SHAPES = (range(0x2E80, 0x2FE0), range(0xF900, 0xFB50), range(0xFB50, 0xFE00), range(0xFE70, 0xFEFF))
_BULLETS = {
    0xF0B7: "•",
    0xF0A7: "▪",
    0xF0D8: "‣",
    0xF0FC: "✓",
    0xF076: "❖",
}  # Symbol and Wingdings, as Office uses them


class _Box(NamedTuple):
    left: float
    right: float
    bottom: float
    top: float


@dataclass(slots=True)
class Run:
    """Characters side by side on one line; lengths in points (1/72 inch), y upwards, turned so that it reads across."""

    left: float
    right: float
    bottom: float
    top: float
    characters: list[str] = field(default_factory=list)
    sizes: dict[float, int] = field(default_factory=dict)  # font size -> words in it
    bold: int = 0  # words in bold type
    monospaced: int = 0  # words in type of one width, such as program text
    words: int = 0
    font: bytes = b""  # name of the font of the first word

    @property
    def text(self) -> str:
        """The characters as one string."""
        return "".join(self.characters)

    def widen(self, box: _Box) -> None:
        """Makes room for a character at the box."""
        self.left, self.right = min(self.left, box.left), max(self.right, box.right)
        self.bottom, self.top = min(self.bottom, box.bottom), max(self.top, box.top)


def read_runs(page: pypdfium2.PdfPage) -> list[Run]:
    """The runs of a page in the order in which its content draws them; text across the page before turned text."""
    text_page = page.get_textpage()
    try:
        reader = _CharacterReader(text_page.raw, text_page.count_chars())
        by_turn = reader.indexes_by_turn()
        turns = sorted(by_turn, key=lambda turn: -len(by_turn[turn]))
        return [run for turn in turns for run in reader.runs(by_turn[turn], turn)]
    finally:
        text_page.close()


class _CharacterReader:
    """Asks PDFium about single characters, with buffers that are used again for each."""

    def __init__(self, text_page: object, count: int) -> None:
        self._page = text_page
        self._characters = [_character(pdfium.FPDFText_GetUnicode(text_page, index)) for index in range(count)]
        self._rectangle = pdfium.FS_RECTF()
        self._matrix = pdfium.FS_MATRIX()
        self._name = ctypes.create_string_buffer(_NAME_SIZE)
        self._flags = ctypes.c_int()

    def indexes_by_turn(self) -> dict[int, list[int]]:
        """The characters by the direction in which they are set: 0 across, 1 downwards, 2 upside down, 3 upwards."""
        by_turn: dict[int, list[int]] = {}
        turn: int | None = 0  # None for tilted text
        is_first = True  # of a word: a word has one direction
        for index, character in enumerate(self._characters):
            is_space = not character.strip()
            if is_first and not is_space:
                degrees = math.degrees(pdfium.FPDFText_GetCharAngle(self._page, index))
                is_tilted = abs(degrees - 90 * round(degrees / 90)) > _TILT
                turn = None if is_tilted else round(degrees / 90) % 4
            is_first = is_space
            if turn is not None:
                by_turn.setdefault(turn, []).append(index)
        return by_turn

    def runs(self, indexes: list[int], turn: int) -> Iterator[Run]:
        """The runs that the characters form."""
        run: Run | None = None
        em = 0.0  # font size of the present word
        after_space = False
        previous: _Box | None = None
        for index in indexes:
            character = self._characters[index]
            if not character.strip():
                after_space = after_space or character != ""
                continue
            box = self._box(index, turn)
            if run is None or not _continues(run, box, em):
                if run is not None:
                    yield run
                run = Run(*box)
                em = self._begin_word(run, index)
            elif after_space:
                run.characters.append(" ")
                em = self._begin_word(run, index)
            # PDFium reverses right-to-left text character by character, ligatures (several in one box) included.
            is_reversed = box == previous and not after_space and _is_right_to_left(character)
            run.characters.insert(len(run.characters) - is_reversed, character)
            run.widen(box)
            previous, after_space = box, False
        if run is not None:
            yield run

    def _box(self, index: int, turn: int) -> _Box:
        """The place of a character including the room its font gives it, turned so that the text reads across."""
        pdfium.FPDFText_GetLooseCharBox(self._page, index, self._rectangle)
        left, right = self._rectangle.left, self._rectangle.right
        bottom, top = self._rectangle.bottom, self._rectangle.top
        match turn:
            case 0:
                return _Box(left, right, bottom, top)
            case 1:
                return _Box(-top, -bottom, left, right)
            case 2:
                return _Box(-right, -left, -top, -bottom)
            case _:
                return _Box(bottom, top, -right, -left)

    def _begin_word(self, run: Run, index: int) -> float:
        """Counts a word of the run, with the font of its first character; returns the font size."""
        pdfium.FPDFText_GetMatrix(self._page, index, self._matrix)
        scale = math.hypot(self._matrix.c, self._matrix.d)
        size: float = round(pdfium.FPDFText_GetFontSize(self._page, index) * scale, 1)
        run.sizes[size] = run.sizes.get(size, 0) + 1
        pdfium.FPDFText_GetFontInfo(self._page, index, self._name, _NAME_SIZE, self._flags)
        weight = pdfium.FPDFText_GetFontWeight(self._page, index)
        run.font = run.font or self._name.value
        run.words += 1
        run.monospaced += bool(self._flags.value & _FIXED_PITCH or _MONOSPACED_NAME.search(self._name.value))
        run.bold += bool(_BOLD_NAME.search(self._name.value)) or weight >= _BOLD_WEIGHT
        return size


def same_line(first: Run | _Box, second: Run | _Box) -> bool:
    """Whether two pieces of text overlap in height as those of one line do, superscripts included."""
    overlap = min(first.top, second.top) - max(first.bottom, second.bottom)
    return overlap > _OVERLAP * min(first.top - first.bottom, second.top - second.bottom)


def _continues(run: Run, box: _Box, em: float) -> bool:
    """Whether a character belongs to the run: on its line and not far from its either end."""
    gap = max(box.left - run.right, run.left - box.right)
    return gap < _GAP * max(em, 1.0) and same_line(run, box)


@cache
def _character(code: int) -> str:
    """The character of a code point as PDFium gives it; a space for a line break, "" for what is no text."""
    if code in _LINE_BREAKS:
        return " "
    if code in _HYPHENS:
        return SURE_HYPHEN
    if code < 32 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return ""
    if code in _BULLETS:
        return _BULLETS[code]
    character = chr(code)
    return unicodedata.normalize("NFKC", character) if any(code in shapes for shapes in _SHAPES) else character


@cache
def _is_right_to_left(character: str) -> bool:
    return unicodedata.bidirectional(character[0]) in ("R", "AL", "NSM")
