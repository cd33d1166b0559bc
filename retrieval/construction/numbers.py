"""Finds comparisons with numbers in a question: "above 1,000", "at least 10 percent", "between 4 and 6", 超过100元."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# Beyond it floats are no longer exact, and filters refuse them.
MAX_NUMBER = 2**53
Operator = Literal["gt", "gte", "lt", "lte", "between", "eq"]

_SCALES = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "million": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "万": 1e4,
    "千": 1e3,
    "亿": 1e8,
}
_UNITS = {
    **dict.fromkeys(("euro", "euros", "eur", "€", "欧元"), "EUR"),
    **dict.fromkeys(("pound", "pounds", "gbp", "£"), "GBP"),
    **dict.fromkeys(("dollar", "dollars", "usd", "$", "美元"), "USD"),
    **dict.fromkeys(("%", "percent", "per cent"), "%"),
    **dict.fromkeys(("元", "块"), "元"),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilograms", "公斤", "千克"), "kg"),
    **dict.fromkeys(("day", "days", "天"), "day"),
    **dict.fromkeys(("hour", "hours", "小时"), "hour"),
    **dict.fromkeys(("minute", "minutes", "分钟"), "minute"),
    **dict.fromkeys(("week", "weeks", "周"), "week"),
    **dict.fromkeys(("month", "months", "个月"), "month"),
    **dict.fromkeys(("year", "years"), "year"),
    **dict.fromkeys(("page", "pages", "页"), "page"),
    **dict.fromkeys(("person", "people", "人"), "person"),
}
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_NUMBER = (
    rf"(?P<sign{{0}}>[€£$])?(?P<number{{0}}>(?<!\d)-?\d{{{{1,15}}}}(?:,\d{{{{3}}}})*(?:\.\d+)?)(?: ?(?P<scale{{0}}>{_SCALE})(?![a-z]))?"
    rf"(?: ?(?P<unit{{0}}>{_UNIT})(?![a-z]))?"
)
_FIRST, _SECOND = _NUMBER.format(1), _NUMBER.format(2)
_PATTERNS: Sequence[tuple[str, Operator]] = (
    (rf"\b(?:between|from) {_FIRST} (?:and|to) {_SECOND}", "between"),
    (rf"(?:在|从)?{_FIRST}(?:到|至|和){_SECOND}(?:之间)?", "between"),
    (rf"(?:at least|no less than|not less than|no fewer than|not below|minimum of|from|>=) {_FIRST}", "gte"),
    (rf"(?:at most|no more than|not more than|not above|not over|up to|maximum of|<=) {_FIRST}", "lte"),
    (
        rf"(?:(?:more|greater|higher|larger|longer|bigger|older) than|above|over|exceeding|exceeds?|beyond|>) {_FIRST}",
        "gt",
    ),
    (rf"(?:(?:less|fewer|lower|smaller|shorter|cheaper|younger) than|below|under|<) {_FIRST}", "lt"),
    (rf"{_FIRST} (?:or|and) (?:more|above|over|longer|higher|greater)\b", "gte"),
    (rf"{_FIRST} (?:or|and) (?:less|fewer|below|under|shorter|lower)\b", "lte"),
    (rf"(?:不低于|不少于|不小于|至少|大于等于){_FIRST}", "gte"),
    (rf"(?:不超过|不高于|不多于|不大于|至多|最多|小于等于){_FIRST}", "lte"),
    (rf"(?:超过|大于|高于|多于|长于){_FIRST}", "gt"),
    (rf"(?:低于|小于|少于|不到|不足|短于){_FIRST}", "lt"),
    (rf"{_FIRST}(?:及)?以上", "gte"),
    (rf"{_FIRST}(?:及)?(?:以下|以内)", "lte"),
    (rf"(?:equal to|exactly|等于|=) ?{_FIRST}", "eq"),
)
_FORMS = [(re.compile(pattern), operator) for pattern, operator in _PATTERNS]


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A comparison with a number, or with two."""

    start: int  # where it stands in the text
    end: int
    operator: Operator
    low: float
    high: float  # the same as `low` but for `between`
    unit: str | None


def number_ranges(text: str, taken: Sequence[tuple[int, int]] = ()) -> Sequence[NumberRange]:
    """The comparisons in a normalised text, outside of the places that are taken."""
    found: list[NumberRange] = []
    for pattern, operator in _FORMS:
        for match in pattern.finditer(text):
            places = [*taken, *((other.start, other.end) for other in found)]
            number = match.span("number1")
            if any(number[0] < end and start < number[1] for start, end in places):
                continue
            low = _value(match, 1)
            high = _value(match, 2) if operator == "between" else low
            if max(abs(low), abs(high)) >= MAX_NUMBER:
                continue
            unit = _unit(match, 2 if operator == "between" else 1) or _unit(match, 1)
            found.append(NumberRange(match.start(), match.end(), operator, min(low, high), max(low, high), unit))
    return sorted(found, key=lambda item: item.start)


def _value(match: re.Match[str], which: int) -> float:
    scale = match[f"scale{which}"]
    return float(match[f"number{which}"].replace(",", "")) * (_SCALES[scale] if scale else 1)


def _unit(match: re.Match[str], which: int) -> str | None:
    unit = match[f"unit{which}"] or match[f"sign{which}"]
    return _UNITS[unit] if unit else None
