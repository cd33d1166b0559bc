"""Reads dates in the orders of the world; the order is decided for a column as a whole.

`03/04/2024` is March in one country and April in another. Where neither the column nor its neighbours tell, the cells
stay text: a wrong date is worse than none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

Order = Literal["day first", "month first"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jän jänner",
            "february feb februar",
            "march mar märz mär maerz mrz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
_LONGEST = 40  # characters of a date
_TIME = r"(?:[T ,]\s?(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?))?"
_YEAR, _SHORT, _MONTH, _DAY = (
    "(?P<year>[0-9]{4})",
    "(?P<short>[0-9]{2})",
    "(?P<month>[0-9]{1,2})",
    "(?P<day>[0-9]{1,2})",
)
_NAME = "(?P<name>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"


@dataclass(frozen=True, slots=True)
class _Format:
    """Ways of writing that may stand together in a column."""

    patterns: tuple[re.Pattern[str], ...]
    order: Order | None = None

    def read(self, cell: str) -> str | None:
        """The date of the cell in ISO 8601, None if it is none in this format."""
        if len(cell) > _LONGEST:
            return None
        found = next((match for pattern in self.patterns if (match := pattern.fullmatch(cell.strip()))), None)
        return _iso(found.groupdict()) if found else None


def _format(*patterns: str, order: Order | None = None) -> _Format:
    return _Format(tuple(re.compile(pattern + _TIME, re.IGNORECASE) for pattern in patterns), order)


_DAY_NAMED = rf"{_DAY}(?:\.|st|nd|rd|th)?[ -]{_NAME},?[ -]"
_FORMATS = (
    _format(f"{_YEAR}-{_MONTH}-{_DAY}"),
    _format(f"{_YEAR}/{_MONTH}/{_DAY}"),
    _format(rf"{_YEAR}\.{_MONTH}\.{_DAY}"),
    _format(rf"{_DAY}\.\s?{_MONTH}\.\s?{_YEAR}"),
    _format(rf"{_DAY}\.\s?{_MONTH}\.\s?{_SHORT}"),
    _format(rf"{_YEAR}\s?年\s?{_MONTH}\s?月\s?{_DAY}\s?[日号]"),
    _format(rf"{_YEAR}\s?年\s?{_MONTH}\s?月"),
    _format(_DAY_NAMED + _YEAR, rf"{_NAME} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}"),
    _format(_DAY_NAMED + _SHORT),
    _format(f"{_NAME} {_YEAR}"),
    *(
        dated
        for year in (_YEAR, _SHORT)
        for separator in ("/", "-")
        for dated in (
            _format(f"{_DAY}{separator}{_MONTH}{separator}{year}", order="day first"),
            _format(f"{_MONTH}{separator}{_DAY}{separator}{year}", order="month first"),
        )
    ),
)


def evident_order(cells: Sequence[str]) -> Order | None:
    """Day first or month first, if the cells are dates that can be only one of the two."""
    # No cell is a date both with an order and without one, so the others need not be tried.
    orders = {way.order for way in _FORMATS if way.order is not None and _read_all(way, cells) is not None}
    return orders.pop() if len(orders) == 1 else None


def read_dates(cells: Sequence[str], preferred: Order | None) -> Sequence[str] | None:
    """The dates in ISO 8601, None unless all cells are dates in one order. `preferred` settles what they leave open."""
    possible = {way: read for way in _FORMATS if (read := _read_all(way, cells)) is not None}
    if len(possible) > 1:
        possible = {way: read for way, read in possible.items() if way.order == preferred}
    return next(iter(possible.values()), None)


def _read_all(way: _Format, cells: Sequence[str]) -> Sequence[str] | None:
    """The cells in ISO 8601, None as soon as one is no date in this format, or where there is none."""
    dates: list[str] = []
    for cell in cells:
        if (read := way.read(cell)) is None:
            return None
        dates.append(read)
    return dates or None


def _iso(parts: dict[str, str | None]) -> str | None:
    """Without a day it is a month; a year of two digits is from 1970 to 2069."""
    short = parts.get("short")
    year = int(parts.get("year") or 0) if short is None else int(short) + (1900 if int(short) >= 70 else 2000)
    name = parts.get("name")
    month = _MONTHS[name.lower()] if name else int(parts.get("month") or 0)
    day, clock = parts.get("day"), parts.get("time")
    try:
        whole = date(year, month, int(day or 1)).isoformat()
        at = f"T{time.fromisoformat(clock.zfill(8 if clock.count(':') == 2 else 5)).isoformat()}" if clock else ""
    except ValueError:  # no such day, or no such time of it
        return None
    return whole[:7] + at if day is None else whole + at
