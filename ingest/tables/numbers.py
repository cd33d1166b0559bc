"""Reads numbers as English, German, Swiss and French tables write them; the way is decided for a column as a whole.

`1,200` is 1200 in English and 1.2 in German: a cell alone does not say, but its column or its table mostly does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LARGEST = 2**63 - 1  # what SQL stores as an integer
_LONGEST = 40  # characters of a number
_MINUS = str.maketrans("−–", "--")
_SPACES = "[ \u00a0\u2009\u202f]"


@dataclass(frozen=True, slots=True)
class Convention:
    """What parts thousands (a pattern) and what stands before decimals."""

    name: str
    thousands: str
    decimal: str

    def read(self, cell: str) -> int | float | None:
        """The number that the cell is, None if it is none in this way of writing."""
        if len(cell) > _LONGEST:
            return None
        text = cell.strip()
        text = text if text.isascii() else text.translate(_MINUS)
        negative = text.startswith("(") and text.endswith(")")  # as accountants do
        text = text[1:-1] if negative else text
        if _LEADING_ZERO.match(text) or not (found := _PATTERNS[self.name].fullmatch(text)):
            return None
        sign, whole, fraction, exponent = found.groups()
        digits = whole if whole and whole.isdecimal() else re.sub(r"\D", "", whole or "0")
        if fraction is None and exponent is None:
            number: int | float = int(digits)
            if number > _LARGEST:
                return None  # an identifier, and no float could hold it
        else:
            number = float(f"{digits}.{fraction or 0}{exponent or ''}")
            if number == float("inf"):
                return None
        return -number if negative or sign == "-" else number


ENGLISH = Convention("english", ",", ".")
GERMAN = Convention("german", "[.]", ",")
_CONVENTIONS = (
    ENGLISH,
    GERMAN,
    Convention("swiss", "['’]", "."),
    Convention("french", _SPACES, ","),
    Convention("spaced", _SPACES, "."),
)
_PATTERNS = {
    way.name: re.compile(
        rf"([+-]?) ?(?={re.escape(way.decimal)}?[0-9])([1-9][0-9]{{0,2}}(?:{way.thousands}[0-9]{{3}})+|[0-9]+)?"
        rf"(?:{re.escape(way.decimal)}([0-9]+))?([eE][+-]?[0-9]{{1,3}})?"
    )
    for way in _CONVENTIONS
}
_SAME_IN_ALL = re.compile("0|[1-9][0-9]{0,17}")  # says nothing about the way of writing
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")  # a postcode or the number of a part, not a quantity


def evidence(cells: Sequence[str]) -> Convention | None:
    """English or German, if the cells can be only one of the two."""
    doubtful = [cell for cell in cells if not _SAME_IN_ALL.fullmatch(cell)]
    possible = [way for way in (ENGLISH, GERMAN) if all(way.read(cell) is not None for cell in doubtful)]
    return possible[0] if len(possible) == 1 else None


def read_numbers(cells: Sequence[str], preferred: Convention | None) -> Sequence[int | float] | None:
    """The numbers that the cells are; None unless all of them are. `preferred` settles what the cells leave open."""
    first = () if preferred is None else (preferred,)
    for way in (*first, *_CONVENTIONS):  # the likeliest of the others first
        if (numbers := _read_all(way, cells)) is not None:
            return numbers
    return None


def _read_all(way: Convention, cells: Sequence[str]) -> Sequence[int | float] | None:
    """The cells as numbers, None as soon as one is none in this way of writing."""
    numbers: list[int | float] = []
    for cell in cells:
        if (number := way.read(cell)) is None:
            return None
        numbers.append(number)
    return numbers
