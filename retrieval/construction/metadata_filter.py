"""A metadata filter from a question: known values, numbers and times that it names, in the grammar of filters.

Deterministic, and careful before clever: a condition too few costs a little precision, a wrong one hides the answer.
So a value is taken only where it names itself, a time only where a field can hold it, and a search that the filter
empties runs without it (`relaxations`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from retrieval.construction.dates import Period, periods
from retrieval.construction.metadata_values import FieldFacts, FoundValue, values_in
from retrieval.construction.numbers import NumberRange, number_ranges
from retrieval.construction.words import Word, normal, stems, words
from retrieval.types import Json

Tree = Mapping[str, Json]
_NEGATION_WORDS = "not except excluding without but isn't aren't other than 不 非 除 没"
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_MOST = 10  # conditions: a question with more is no request for documents
_NUMBER = re.compile("[0-9]{1,15}")
_READ = 1_000  # characters of a question: what is longer quotes a text
_NEGATION_REACH = 5  # words before a value, all of which say nothing else


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one field, and the words of the question that it comes from."""

    tree: Tree
    words: str


def field_facts(name: str, kind: str, values: Sequence[Json]) -> FieldFacts:
    """The field with its type; text whose values are all ISO dates is a date."""
    if kind == "text" and values and all(_is_date(value) for value in values):
        return FieldFacts(name, "date", tuple(values))
    return FieldFacts(name, kind, tuple(values))


def conditions(question: str, fields: Sequence[FieldFacts], today: date) -> Sequence[Condition]:
    """The conditions that the question puts on documents, one a field, in the order of certainty.

    Certain are names of things, then times, then numbers: the order in which they are the last to be given up.
    """
    question = question[:_READ]
    text = normal(question)
    every = words(question)
    found = values_in(question, text, every, fields)
    taken = [(every[item.first].start, every[item.last - 1].end) for item in found]
    made = list(_value_conditions(text, every, found))
    spans = [(item.start, item.end) for item in periods(text, today)]
    made += _times(
        text, every, fields, [item for item in periods(text, today) if not _overlaps(item.start, item.end, taken)]
    )
    made += _numbers(text, every, fields, number_ranges(text, [*taken, *spans]), [*taken, *spans])
    return list({str(item.tree): item for item in made}.values())[:_MOST]


def combined(made: Sequence[Condition]) -> Tree | None:
    """The conditions as one filter; None without any."""
    if len(made) <= 1:
        return next((item.tree for item in made), None)
    return {"and": [dict(item.tree) for item in made]}


def relaxations(made: Sequence[Condition]) -> Iterator[Sequence[Condition]]:
    """The conditions, then ever fewer of them: numbers go first, then times, then values, the last named first."""
    for count in range(len(made), -1, -1):
        yield made[:count]


def _is_date(value: Json) -> bool:
    try:
        date.fromisoformat(str(value)[:10])
    except ValueError:
        return False
    return isinstance(value, str)


def _overlaps(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < last and first < end for first, last in spans)


def _value_conditions(text: str, every: Sequence[Word], found: Sequence[FoundValue]) -> Iterator[Condition]:
    """One condition a field: several values of it are alternatives."""
    by_field: dict[tuple[str, bool], list[FoundValue]] = {}
    for item in found:
        by_field.setdefault((item.facts.name, _is_negated(text, every, item.first)), []).append(item)
    for (name, is_negated), items in by_field.items():
        values = list(dict.fromkeys(item.value for item in items))
        said = " ".join(text[every[item.first].start : every[item.last - 1].end] for item in items)
        if len(values) == 1:
            yield Condition({name: {"ne" if is_negated else "eq": values[0]}}, said)
        elif is_negated:
            yield Condition({"not": {name: {"in": values}}}, said)
        else:
            yield Condition({name: {"in": values}}, said)


def _is_negated(text: str, every: Sequence[Word], first: int) -> bool:
    """Whether a negation stands before, with nothing but empty words and names of fields between."""
    for word in reversed(every[max(0, first - _NEGATION_REACH) : first]):
        if text[word.start : word.end] in _NEGATIONS:
            return True
        if not word.is_closed and word.stem not in _PASSED_OVER:
            return False
    return False


_PASSED_OVER = frozenset(stems("assigned written those with by for anything tickets 是"))


def _times(
    text: str, every: Sequence[Word], fields: Sequence[FieldFacts], found: Sequence[Period]
) -> Iterator[Condition]:
    """Times as conditions on a field of years where they are whole years, else on a field of dates."""
    years = [facts for facts in fields if facts.type == "number" and set(stems(facts.name)) & {"year", "年"}]
    dates = [facts for facts in fields if facts.type == "date"]
    alternatives = [item for item in found if _one_year(item)]
    if years and len(alternatives) > 1 and len(alternatives) == len(found):
        values = list(dict.fromkeys(item.since.year for item in alternatives if item.since is not None))
        yield Condition({years[0].name: {"in": values}}, " ".join(text[item.start : item.end] for item in found))
        return
    for item in found:
        said = text[item.start : item.end]
        if years and _whole_years(item):
            yield Condition({years[0].name: _of_years(item)}, said)
        elif dates:
            since, until = item.bounds()
            bounds = {**({"gte": since} if since else {}), **({"lt": until} if until else {})}
            if bounds:
                yield Condition({dates[0].name: bounds}, said)


def _one_year(item: Period) -> bool:
    return (
        _whole_years(item)
        and item.since is not None
        and item.until is not None
        and item.until.year - item.since.year == 1
    )


def _whole_years(item: Period) -> bool:
    return all(day is None or (day.month, day.day) == (1, 1) for day in (item.since, item.until))


def _of_years(item: Period) -> Mapping[str, int]:
    """Whole years as comparisons with the year."""
    if item.since is not None and item.until is not None:
        last = item.until.year - 1
        return {"eq": last} if last == item.since.year else {"gte": item.since.year, "lte": last}
    if item.since is not None:
        return {"gte": item.since.year}
    assert item.until is not None
    return {"lt": item.until.year}


def _numbers(
    text: str,
    every: Sequence[Word],
    fields: Sequence[FieldFacts],
    found: Sequence[NumberRange],
    taken: Sequence[tuple[int, int]],
) -> Iterator[Condition]:
    """Comparisons with numbers as conditions on the field that is named beside them, or whose unit they have."""
    numeric = [facts for facts in fields if facts.type == "number" and not set(stems(facts.name)) & {"year", "年"}]
    for item in found:
        facts = _field_of(text, item, numeric)
        if facts is not None:
            yield Condition({facts.name: _comparison(item)}, text[item.start : item.end])
    places = [*taken, *((item.start, item.end) for item in found)]
    for facts in numeric:
        for first, word in enumerate(every[:-1]):
            number = every[first + 1]
            if (
                word.stem in stems(facts.name)
                and _NUMBER.fullmatch(text[number.start : number.end])
                and not _overlaps(number.start, number.end, places)
            ):
                yield Condition({facts.name: _named_number(text, number)}, text[word.start : number.end])


def _named_number(text: str, number: Word) -> Mapping[str, int]:
    """What a number behind the name of its field says: version 3, below version 3, version 3 or later."""
    value = int(text[number.start : number.end])
    before, behind = text[: number.start].split()[:-1], text[number.end :]
    if behind.startswith((" or later", " or newer", " or higher", " and later")):
        return {"gte": value}
    if behind.startswith((" or earlier", " or older", " or lower")):
        return {"lte": value}
    relation = {"below": "lt", "before": "lt", "under": "lt", "above": "gt", "after": "gt", "since": "gte"}
    return {relation.get(before[-1] if before else "", "eq"): value}


def _field_of(text: str, item: NumberRange, numeric: Sequence[FieldFacts]) -> FieldFacts | None:
    near = {word.stem for word in words(text[max(0, item.start - 30) : item.end + 14])}
    for facts in numeric:
        names = set(stems(facts.name))
        if names & near or (item.unit is not None and item.unit.casefold() in names):
            return facts
    return None


def _comparison(item: NumberRange) -> Mapping[str, float]:
    low, high = (int(value) if value == int(value) else value for value in (item.low, item.high))
    return {"gte": low, "lte": high} if item.operator == "between" else {item.operator: low}
