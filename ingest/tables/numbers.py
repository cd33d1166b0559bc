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
        text = cell.strip().translate(_MINUS)
        negative = text.startswith("(") and text.endswith(")")  # as accountants do
        text = text[1:-1] if negative else text
        if _LEADING_ZERO.match(text) or not (found := _PATTERNS[self.name].fullmatch(text)):
            return None
        sign, whole, fraction, exponent = found.groups()
        digits = re.sub(r"\D", "", whole or "0")
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
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")  # a postcode or the number of a part, not a quantity


def conventions(cells: Sequence[str]) -> Sequence[Convention]:
    """The ways of writing in which every cell is a number, the likeliest first."""
    return [way for way in _CONVENTIONS if all(way.read(cell) is not None for cell in cells)]


def evidence(cells: Sequence[str]) -> Convention | None:
    """English or German, if the cells can be only one of the two."""
    possible = [way for way in conventions(cells) if way in (ENGLISH, GERMAN)]
    return possible[0] if len(possible) == 1 else None


def read_numbers(cells: Sequence[str], preferred: Convention | None) -> Sequence[int | float] | None:
    """The numbers that the cells are; None unless all of them are. `preferred` settles what the cells leave open."""
    possible = conventions(cells)
    if not possible:
        return None
    way = next((way for way in possible if way == preferred), possible[0])
    return [number for cell in cells if (number := way.read(cell)) is not None]
