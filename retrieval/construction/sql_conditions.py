"""Conditions of a statement as text: on values, on numbers, on times; names and texts are quoted here."""

from dataclasses import dataclass

from retrieval.construction.dates import Period
from retrieval.construction.numbers import NumberRange
from retrieval.construction.sql_schema import SqlColumn


@dataclass(frozen=True, slots=True)
class Values:
    """Values of one column that the question names, in their order."""

    column: SqlColumn
    values: tuple[str, ...]
    negated: bool
    start: int  # where the first stands in the text


def quoted(name: str) -> str:
    """An identifier of SQL."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def text_literal(value: str) -> str:
    """A text of SQL."""
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def condition_of(found: Values) -> str:
    """The condition that a column has one of the values."""
    column = quoted(found.column.name)
    if len(found.values) == 1:
        return f"{column} {'<>' if found.negated else '='} {text_literal(found.values[0])}"
    listed = ", ".join(map(text_literal, found.values))
    return f"{column} {'NOT IN' if found.negated else 'IN'} ({listed})"


def range_condition(column: str, item: NumberRange) -> str:
    """The comparison as SQL."""
    if item.operator == "between":
        return f"{column} BETWEEN {item.low:g} AND {item.high:g}"
    sign = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}[item.operator]
    return f"{column} {sign} {item.low:.12g}"


def period_condition(column: str, period: Period, is_month: bool) -> str:
    """The period as SQL; ISO dates compare as texts do."""
    since, until = period.bounds(is_month)
    parts = [f"{column} >= '{since}'"] if since else []
    parts += [f"{column} < '{until}'"] if until else []
    return " AND ".join(parts)
