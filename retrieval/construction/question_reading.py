"""A question as a table understands it: conditions on its rows, the columns that are asked for, and the cues."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from retrieval.construction.dates import Period, periods
from retrieval.construction.numbers import NumberRange, number_ranges
from retrieval.construction.question_cues import Cue, cues, group_places, top_count
from retrieval.construction.schema_linking import Linked, Mention, content_of
from retrieval.construction.sql_conditions import Values, condition_of, period_condition, quoted, range_condition
from retrieval.construction.sql_schema import SqlColumn
from retrieval.construction.table_profiles import TableProfile
from retrieval.construction.words import Word, normal, stems, words

# Chooses the column that a question means of several whose names fit it equally well
Chooser = Callable[[Sequence[SqlColumn]], SqlColumn]
# Numbers that mean nothing when they are added.
_NOT_ADDED_WORDS = "price mean averag rate percent level ratio unit temperatur torqu discount 价格 单价"
_NOT_ADDED = frozenset(_NOT_ADDED_WORDS.split())


@dataclass(frozen=True, slots=True)
class Said:
    """A question taken apart, before any table is known."""

    text: str  # in its normal form
    content: Sequence[Word]
    cues: Sequence[Cue]
    periods: Sequence[Period]
    ranges: Sequence[NumberRange]
    top: tuple[int, tuple[int, int]] | None

    @property
    def asking(self) -> frozenset[int]:
        """Content words, by place, that say what is wanted and not of what."""
        spans = [(cue.start, cue.end) for cue in self.cues]
        spans += [(period.start, period.end) for period in self.periods]
        spans += [(item.start, item.end) for item in self.ranges]
        spans += [self.top[1]] if self.top else []
        spans += group_places(self.text)
        return frozenset(
            place
            for place, word in enumerate(self.content)
            if any(word.start < end and start < word.end for start, end in spans)
        )


def said(question: str, today: date) -> Said:
    """The parts of a question that need no table to be understood."""
    text = normal(question)
    times = periods(text, today)
    taken = [(period.start, period.end) for period in times]
    content = content_of(words(question))
    return Said(text, content, cues(text), times, number_ranges(text, taken), top_count(text))


@dataclass(frozen=True, slots=True)
class Named:
    """A column that the question names."""

    column: SqlColumn
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question asks of one table."""

    said: Said
    profile: TableProfile
    values: tuple[Values, ...]
    named: tuple[Named, ...]  # that no condition uses up
    conditions: tuple[str, ...]  # of numbers and dates, as SQL
    cues: frozenset[str]  # that are no part of a name
    choose: Chooser
    units: frozenset[SqlColumn]  # columns whose unit is named

    @property
    def numbers(self) -> Sequence[Named]:
        """The columns with numbers among those that are named."""
        return [named for named in self.named if named.column.is_numeric]

    @property
    def others(self) -> Sequence[Named]:
        """The other columns among those that are named."""
        return [named for named in self.named if not named.column.is_numeric]

    def adds(self, column: SqlColumn) -> bool:
        """Whether the sum of the column means anything."""
        return column.type != "percentage" and not set(stems(f"{column.header} {column.name}")) & _NOT_ADDED

    def where(self, without: SqlColumn | None = None) -> str:
        """The conditions as a WHERE clause with a space before it, or nothing."""
        parts = [condition_of(found) for found in self.values if without is None or found.column != without]
        parts += self.conditions
        return f" WHERE {' AND '.join(parts)}" if parts else ""


def read(question: Said, linked: Linked, choose: Chooser) -> Reading:
    """The question as the table understands it."""
    profile = linked.profile
    content = question.content
    used = [mention for mention in linked.mentions if mention.kind == "value"]
    spans = [_span(mention, content) for mention in used]
    ranges = [item for item in question.ranges if not _inside(item.start, item.end, spans)]
    times = [
        item
        for item in question.periods
        if not _names_column(item, linked, content) and not _inside(item.start, item.end, spans)
    ]
    named = _named(linked, content, times)
    conditions: list[str] = []
    taken: list[Named] = []
    for item in ranges:
        column = _column_of_range(item, named, profile, choose)
        if column is not None:
            conditions.append(range_condition(quoted(column.name), item))
            taken += [other for other in named if other.column == column]
    compared = _compared_columns(question.text, named)
    if compared is not None:
        first, sign, second = compared
        conditions.append(f"{quoted(first.column.name)} {sign} {quoted(second.column.name)}")
        taken += [first, second]
    for period in times:
        column = _column_of_period(period, named, profile)
        if column is not None:
            conditions.append(period_condition(quoted(column.name), period, column.name in profile.months))
            taken += [
                other for other in named if other.column == column and column.type == "date" and _near(other, period)
            ]
    kept = tuple(item for item in named if item not in taken)
    conditioned = [(item.start, item.end) for item in taken]
    free_cues = frozenset(
        cue.name
        for cue in question.cues
        if not _is_part_of_name(cue, linked, content) and not _inside(cue.start, cue.end, conditioned)
    )
    units = frozenset(
        mention.column for mention in linked.mentions if mention.kind == "unit" and mention.column is not None
    )
    values = _values(used, content, question, kept)
    return Reading(question, profile, values, kept, tuple(conditions), free_cues, choose, units)


def _span(mention: Mention, content: Sequence[Word]) -> tuple[int, int]:
    return content[mention.first].start, content[mention.last - 1].end


def _inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < last and first < end for first, last in spans)


def _is_part_of_name(cue: Cue, linked: Linked, content: Sequence[Word]) -> bool:
    """Whether the words of a cue belong to a value, or to a column that is named in full with more words than it."""
    for mention in linked.mentions:
        start, end = _span(mention, content)
        is_full = mention.kind == "column" and mention.weight >= 0.99 and mention.last - mention.first > 1
        if start < cue.end and cue.start < end and (mention.kind == "value" or is_full):
            return True
    return False


def _names_column(period: Period, linked: Linked, content: Sequence[Word]) -> bool:
    """Whether a period is part of a column's name, such as `Harvest 2025`."""
    for mention in linked.mentions:
        if mention.kind == "column" and mention.column is not None and mention.weight > 0.75:
            start, end = _span(mention, content)
            if start < period.end and period.start < end:
                return True
    return False


def _named(linked: Linked, content: Sequence[Word], times: Sequence[Period]) -> list[Named]:
    """The columns that are named, by place; of several by one name all."""
    found: list[Named] = []
    for mention in linked.mentions:
        if mention.kind == "column" and mention.column is not None:
            start, end = _span(mention, content)
            if not _inside(start, end, [(period.start, period.end) for period in times]):
                found.append(Named(mention.column, start, end, mention.weight))
    return found


def _values(
    used: Sequence[Mention], content: Sequence[Word], question: Said, named: Sequence[Named]
) -> tuple[Values, ...]:
    """The values by column; of columns that share a value the one that the question names, else the first."""
    by_place: dict[tuple[int, int], list[Mention]] = {}
    for mention in used:
        by_place.setdefault((mention.first, mention.last), []).append(mention)
    preferred = {item.column.name for item in named}
    by_column: dict[str, list[Mention]] = {}
    for rivals in by_place.values():
        best = max(rivals, key=lambda item: (item.weight, item.column is not None and item.column.name in preferred))
        same = [item for item in rivals if item.column == best.column and item.weight == best.weight]
        for mention in same:
            assert mention.column is not None
            by_column.setdefault(mention.column.name, []).append(mention)
    found = []
    for mentions in by_column.values():
        first = mentions[0]
        assert first.column is not None
        start = content[first.first].start
        values = tuple(dict.fromkeys(item.value for item in mentions if item.value is not None))
        found.append(Values(first.column, values, _is_negated(question, start), start))
    return tuple(found)


def _is_negated(question: Said, start: int) -> bool:
    """Whether a word of negation stands a few words before the value."""
    return any(cue.name == "not" and 0 <= start - cue.end <= 12 for cue in question.cues)


_COLUMN_COMPARISONS = (
    (("below", "less than", "under", "lower than", "smaller than", "低于", "小于", "少于"), "<"),
    (("above", "more than", "over", "higher than", "greater than", "larger than", "高于", "大于", "多于"), ">"),
)


def _compared_columns(text: str, named: Sequence[Named]) -> tuple[Named, str, Named] | None:
    """Two columns with numbers that are compared with each other."""
    numbers = [item for item in named if item.column.is_numeric]
    for first in numbers:
        for second in numbers:
            if first.column == second.column or second.start <= first.end:
                continue
            between = (
                text[first.end : second.start].strip().removesuffix(" the").removeprefix("is ").removeprefix("of ")
            )
            for phrases, sign in _COLUMN_COMPARISONS:
                if between in phrases:
                    return first, sign, second
    return None


def _column_of_range(
    item: NumberRange, named: Sequence[Named], profile: TableProfile, choose: Chooser
) -> SqlColumn | None:
    """The column that a number is compared with: the nearest that is named, else one of its unit, else the only one."""
    numbers = [other for other in named if other.column.is_numeric]
    by_unit = [column for column in profile.table.columns if column.is_numeric and _has_unit(column, item.unit)]
    near = [other for other in numbers if other.end <= item.start and item.start - other.end < 24]
    near = near or [other for other in numbers if other.start >= item.end and other.start - item.end < 8] or numbers
    if near:
        ranked = sorted(near, key=lambda other: (abs(other.start - item.start), -other.weight))
        same = [other.column for other in ranked if other.start == ranked[0].start and other.weight == ranked[0].weight]
        return choose(same) if len(same) > 1 else same[0]
    every = by_unit or [column for column in profile.table.columns if column.is_numeric]
    return choose(every) if every else None


def _has_unit(column: SqlColumn, unit: str | None) -> bool:
    if unit is None:
        return False
    return column.unit == unit or unit.casefold() in stems(f"{column.header} {column.name}")


def _column_of_period(period: Period, named: Sequence[Named], profile: TableProfile) -> SqlColumn | None:
    """The date column that a period speaks of: the nearest that is named, else the first."""
    dates = [column for column in profile.table.columns if column.type == "date"]
    near = sorted((item for item in named if item.column in dates), key=lambda item: abs(item.start - period.start))
    return near[0].column if near else next(iter(dates), None)


def _near(named: Named, period: Period) -> bool:
    return min(abs(named.end - period.start), abs(named.start - period.end)) < 16
