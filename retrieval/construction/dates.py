"""Finds periods of time in a question, in English and Chinese: "since March 2024", "last quarter", "2023年以前".

Gives half-open ranges of ISO dates, relative ones as of a day that the caller names. Dates of which day and month
cannot be told apart (03/04/2024) are left alone: a wrong filter is worse than none.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

_MONTH_NAMES = (
    "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sept|sep october|oct "
    "november|nov december|dec"
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES.split(), 1) for name in names.split("|")}
_NAME = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"(?:19|20)\d\d"
_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "两": 2, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMBERS = {
    **{
        word: number
        for number, word in enumerate(
            ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
        )
    },
    **_DIGITS,
}
_COUNT = r"(?:\d{1,3}|" + "|".join(_NUMBERS) + ")"
_UNITS = {"day": 1, "天": 1, "日": 1, "week": 7, "周": 7, "星期": 7}
_MONTH_UNITS = {"month": 1, "个月": 1, "quarter": 3, "个季度": 3, "year": 12, "年": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that the text speaks of; an end that is open is None."""

    start: int  # where it stands in the text
    end: int
    since: date | None  # the first day
    until: date | None  # the first day after it

    def bounds(self, is_month: bool = False) -> tuple[str | None, str | None]:
        """First day and first day after as ISO text; of months (`2025-03`) where the values are such."""
        length = 7 if is_month else 10
        return tuple(day.isoformat()[:length] if day else None for day in (self.since, self.until))  # type: ignore[return-value]  # two in, two out


def _month(year: int, month: int, months: int = 1) -> tuple[date, date]:
    """The months from this one on; `month` may lie outside of the year."""
    first = 12 * year + month - 1
    return date(first // 12, first % 12 + 1, 1), date((first + months) // 12, (first + months) % 12 + 1, 1)


def _day(year: int, month: int, day: int) -> tuple[date, date]:
    at = date(year, month, day)
    return at, at + timedelta(days=1)


def _number(text: str) -> int:
    return _NUMBERS.get(text) or int(text)


def _last(match: re.Match[str], today: date) -> tuple[date, date]:
    """The last so many days, weeks, months or years up to today."""
    count, unit = _number(match["count"]), match["unit"]
    if unit in _UNITS:
        return today - timedelta(days=count * _UNITS[unit]), today + timedelta(days=1)
    earlier = 12 * today.year + today.month - 1 - count * _MONTH_UNITS[unit]
    first = date(earlier // 12, earlier % 12 + 1, 1)
    return first + timedelta(days=min(today.day, 28) - 1), today + timedelta(days=1)


def _named(match: re.Match[str], today: date) -> tuple[date, date]:
    """The week, month, quarter or year that is, was last or comes next."""
    step = {
        "last": -1,
        "previous": -1,
        "this": 0,
        "current": 0,
        "next": 1,
        "上": -1,
        "本": 0,
        "这": 0,
        "下": 1,
    }
    offset, unit = step[match["which"]], match["unit"]
    if unit in _UNITS:
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * offset)
        return monday, monday + timedelta(days=7)
    if unit in {"quarter", "季度", "季"}:
        return _month(today.year, 3 * ((today.month - 1) // 3) + 1 + 3 * offset, 3)
    if unit in {"year", "年"}:
        return _month(today.year + offset, 1, 12)
    return _month(today.year, today.month + offset)


_YEAR_WORDS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1}
_DAY_WORDS = {"yesterday": -1, "today": 0, "昨天": -1, "今天": 0}

Reader = Callable[[re.Match[str], date], tuple[date, date]]
_FORMS: Sequence[tuple[re.Pattern[str], Reader]] = [
    (re.compile(pattern), reader)
    for pattern, reader in (
        (rf"\b({_YEAR})-(\d\d?)-(\d\d?)\b", lambda m, _: _day(int(m[1]), int(m[2]), int(m[3]))),
        (rf"\b({_YEAR})-(\d\d)\b(?!-)", lambda m, _: _month(int(m[1]), int(m[2]))),
        (rf"({_YEAR})年(\d\d?)月(\d\d?)[日号]", lambda m, _: _day(int(m[1]), int(m[2]), int(m[3]))),
        (rf"({_YEAR})年(\d\d?)月份?", lambda m, _: _month(int(m[1]), int(m[2]))),
        (rf"({_YEAR})年第?([一二三四1-4])季度", lambda m, _: _month(int(m[1]), 3 * _number(m[2]) - 2, 3)),
        (rf"({_YEAR})年上半年", lambda m, _: _month(int(m[1]), 1, 6)),
        (rf"({_YEAR})年下半年", lambda m, _: _month(int(m[1]), 7, 6)),
        (rf"({_YEAR})年", lambda m, _: _month(int(m[1]), 1, 12)),
        (
            rf"\b(\d\d?)(?:st|nd|rd|th)?(?: of)? ({_NAME}),? ({_YEAR})\b",
            lambda m, _: _day(int(m[3]), _MONTHS[m[2].rstrip(".")], int(m[1])),
        ),
        (
            rf"\b({_NAME}) (\d\d?)(?:st|nd|rd|th)?,? ({_YEAR})\b",
            lambda m, _: _day(int(m[3]), _MONTHS[m[1].rstrip(".")], int(m[2])),
        ),
        (rf"\b({_NAME}),?(?: of)? ({_YEAR})\b", lambda m, _: _month(int(m[2]), _MONTHS[m[1].rstrip(".")])),
        (rf"\bq([1-4])[ /-]?(?:of )?({_YEAR})\b", lambda m, _: _month(int(m[2]), 3 * int(m[1]) - 2, 3)),
        (rf"\b({_YEAR})[ /-]?q([1-4])\b", lambda m, _: _month(int(m[1]), 3 * int(m[2]) - 2, 3)),
        (
            rf"\b(first|second|third|fourth) quarter of ({_YEAR})\b",
            lambda m, _: _month(int(m[2]), 3 * ["first", "second", "third", "fourth"].index(m[1]) + 1, 3),
        ),
        (rf"\b(first|second) half of ({_YEAR})\b", lambda m, _: _month(int(m[2]), 1 if m[1] == "first" else 7, 6)),
        (rf"\b({_YEAR})s\b", lambda m, _: _month(int(m[1]), 1, 120)),
        (rf"\b(?:last|past|previous) (?P<count>{_COUNT}) (?P<unit>day|week|month|quarter|year)s?\b", _last),
        (rf"(?:最近|过去|近)(?P<count>{_COUNT})(?P<unit>天|日|周|个月|个季度|年)", _last),
        (r"\b(?P<which>last|previous|this|current|next) (?P<unit>week|month|quarter|year)\b", _named),
        (r"(?P<which>上|本|这|下)个?(?P<unit>周|星期|月|季度|季)", _named),
        (r"(前年|去年|今年|明年)", lambda m, today: _month(today.year + _YEAR_WORDS[m[1]], 1, 12)),
        (r"\b(yesterday|today)\b|(昨天|今天)", lambda m, today: _day_from(today, _DAY_WORDS[m[0]])),
        (rf"(?<![\w.,-])({_YEAR})(?![\w%€$£-]|[.,]\d)", lambda m, _: _month(int(m[1]), 1, 12)),
    )
]


def _day_from(today: date, days: int) -> tuple[date, date]:
    return today + timedelta(days=days), today + timedelta(days=days + 1)


_BEFORE: Mapping[str, re.Pattern[str]] = {
    "until": re.compile(
        r"(?:\buntil|\btill|\bup to|\bby|\bnot after|\bno later than|\bthrough)(?: the)?(?: end of)? $|截至$|直到$"
    ),
    "after": re.compile(r"(?:\bafter|\blater than|\bfollowing)(?: the)?(?: end of)? $|晚于$"),
    "since": re.compile(r"(?:\bsince|\bstarting(?: in| from)?|\bnot before)(?: the)?(?: start of)? $|自从?$"),
    "before": re.compile(r"(?:\bbefore|\bearlier than|\bprior to)(?: the)?(?: start of)? $|早于$"),
}
_BEHIND: Mapping[str, re.Pattern[str]] = {
    "after": re.compile(r"(?:之后|以后)"),
    "since": re.compile(r"(?:以来|起|开始|及以后|(?: and| or) (?:later|after|newer)\b| onwards?\b)"),
    "before": re.compile(r"(?:之前|以前|(?: or| and) (?:before|earlier)\b)"),
    "until": re.compile(r"(?:为止|及以前|及之前)"),
}
_BETWEEN = re.compile(r"(?:\bbetween|\bfrom)(?: the)? $|从$|在?$")
_AND = re.compile(r" ?(?:and|to|until|through|till|-|–|到|至|和) ?(?:the )?")


def periods(text: str, today: date) -> Sequence[Period]:
    """The periods that a normalised text speaks of, in order; `today` settles what is relative."""
    plain = _plain(text, today)
    found: list[Period] = []
    position = 0
    while position < len(plain):
        first = plain[position]
        second = plain[position + 1] if position + 1 < len(plain) else None
        if second is not None and _AND.fullmatch(text[first.end : second.start]) and _opens(text, first, second):
            start = _BETWEEN.search(text, 0, first.start)
            found.append(
                Period(start.start() if start else first.start, _past(text, second.end), first.since, second.until)
            )
            position += 2
            continue
        found.append(_related(text, first))
        position += 1
    return found


def _opens(text: str, first: Period, second: Period) -> bool:
    """Whether two periods are the ends of one: "between ... and", "from ... to"; "and" alone may also name two."""
    between = text[first.end : second.start].strip().removesuffix(" the")
    return between not in {"and", "和"} or bool(re.search(r"\bbetween(?: the)? $|从$", text[: first.start]))


def _past(text: str, end: int) -> int:
    """The end of what belongs to a range behind its second date."""
    behind = re.compile(r"(?:之间|期间)").match(text, end)
    return behind.end() if behind else end


def _related(text: str, period: Period) -> Period:
    """The period with what stands before or behind it taken into account."""
    for relation, pattern in _BEHIND.items():
        if behind := pattern.match(text, period.end):
            return _turned(replace(period, end=behind.end()), relation)
    for relation, pattern in _BEFORE.items():
        if before := pattern.search(text, max(0, period.start - 30), period.start):
            return _turned(replace(period, start=before.start()), relation)
    return period


def _turned(period: Period, relation: str) -> Period:
    match relation:
        case "after":
            return replace(period, since=period.until, until=None)
        case "since":
            return replace(period, until=None)
        case "before":
            return replace(period, since=None, until=period.since)
        case _:
            return replace(period, since=None)


def _plain(text: str, today: date) -> Sequence[Period]:
    """The periods as they are named, those of the longer forms first where they overlap."""
    found: list[Period] = []
    for pattern, reader in _FORMS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            try:
                since, until = reader(match, today)
            except (ValueError, OverflowError):  # no such day
                continue
            found.append(Period(match.start(), match.end(), since, until))
    return sorted(found, key=lambda period: period.start)
