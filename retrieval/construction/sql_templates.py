"""SQL for the questions that people ask of one table: each kind a function from the reading to a statement.

Tried in their order; a function that is not meant gives None. What none of them can say is left to a language model
(`table_questions.py` has the place).
"""

from collections.abc import Callable, Mapping

from retrieval.construction.question_reading import Named, Reading
from retrieval.construction.sql_conditions import Values, condition_of, quoted
from retrieval.construction.template_parts import (
    aggregate_function,
    asked_column,
    best_named,
    conditions_without,
    counts_rows,
    figure_of,
    first_groups,
    group_column,
    in_aggregates,
    is_grouped,
    is_one_row,
    measured,
    measures_after_cue,
    named_after,
    only_number,
    pair_of_values,
    same_place,
    select_rows,
    source_of,
)

# Cues that ask for one end of an order.
_HIGH, _LOW = frozenset({"most", "highest"}), frozenset({"fewest", "lowest"})


def percentage(reading: Reading) -> str | None:
    """The share of the rows, in percent, that satisfy the conditions."""
    if "percentage" not in reading.cues or not reading.where():
        return None
    if any(named.column.type == "percentage" for named in reading.numbers):
        return None
    table = source_of(reading)
    return (
        f"SELECT 100.0 * (SELECT COUNT(*) FROM {table}{reading.where()}) / (SELECT COUNT(*) FROM {table}) AS percentage"
    )


def ratio(reading: Reading) -> str | None:
    """One value divided by another, of two rows or of two columns."""
    return _of_two(reading, "1.0 * {} / {}", "ratio") if "ratio" in reading.cues else None


def difference(reading: Reading) -> str | None:
    """One value less another, of two rows or of two columns."""
    return _of_two(reading, "{} - {}", "difference") if "difference" in reading.cues else None


def _of_two(reading: Reading, form: str, name: str) -> str | None:
    pair = pair_of_values(reading)
    table = source_of(reading)
    if pair is not None:
        measure = measured(reading) if reading.numbers or pair.column.name in reading.profile.unique else None
        shown = figure_of(reading, measure, pair.column) if measure else "COUNT(*)"
        sides = []
        for value in pair.values:
            conditions = [
                condition_of(Values(pair.column, (value,), False, 0)),
                *conditions_without(reading, pair.column),
            ]
            sides.append(f"(SELECT {shown} FROM {table} WHERE {' AND '.join(conditions)})")
        return f"SELECT {form.format(*sides)} AS {name}"
    columns = list(dict.fromkeys(named.column for named in best_named(reading.numbers)))
    if len(columns) == 2:
        first, second = (f"SUM({quoted(column.name)})" for column in columns)
        return f"SELECT {form.format(first, second)} AS {name} FROM {table}{reading.where()}"
    return None


def comparison(reading: Reading) -> str | None:
    """Which of several values of a column has more, or less, of something."""
    pair = pair_of_values(reading)
    if pair is None or not reading.cues & {"or", "more", "less"} or not reading.cues & {"more", "less", *_HIGH, *_LOW}:
        return None
    low = bool(reading.cues & {"less", *_LOW})
    measure = measured(reading) if reading.numbers or pair.column.name in reading.profile.unique else None
    return first_groups(reading, pair.column, measure, low, 1)


def grouped(reading: Reading) -> str | None:
    """A figure for each value of a column."""
    column = group_column(reading)
    if column is None or reading.cues & (_HIGH | _LOW) - in_aggregates(reading):
        return None
    measure = measured(reading, without=column)
    if measure is None or counts_rows(reading):
        shown, name = "COUNT(*)", "number"
    else:
        function = aggregate_function(reading, measure)
        shown, name = f"{function}({quoted(measure.name)})", f"{function.lower()}_{measure.name}"
    by = quoted(column.name)
    return (
        f"SELECT {by}, {shown} AS {quoted(name)} FROM {source_of(reading)}{reading.where()} GROUP BY {by} ORDER BY {by}"
    )


def ordered(reading: Reading) -> str | None:
    """So many rows from one end of an order, or all of them in it."""
    top = reading.said.top
    is_low = bool(reading.cues & _LOW)
    by_name = "order" in reading.cues and named_after(reading, "order") is not None
    if top is None and not by_name and not ("arranged" in reading.cues and reading.numbers):
        return None
    if top is not None and not reading.cues & (_HIGH | _LOW) and not reading.numbers:
        return None
    measure = measured(reading)
    if measure is None:
        return None
    entity = asked_column(reading, measure)
    if top is None:
        is_low = "descending" not in reading.cues
        return select_rows(reading, entity, measure, is_low, None)
    if is_grouped(reading, entity, measure):
        return first_groups(reading, entity, measure, is_low, top[0])
    return select_rows(reading, entity, measure, is_low, top[0])


def extreme(reading: Reading) -> str | None:
    """Which row, or which value of a column, has the most or the least of something."""
    if not reading.cues & (_HIGH | _LOW) or not reading.cues & {"list"}:
        return None
    is_low = bool(reading.cues & _LOW)
    measure = measured(reading)
    if reading.cues & {"most", "fewest"} and not measures_after_cue(reading):
        measure = None
    if measure is None:
        entity = next((named.column for named in reading.others), None)
        return first_groups(reading, entity, None, is_low, 1) if entity is not None else None
    entity = asked_column(reading, measure)
    if is_grouped(reading, entity, measure):
        return first_groups(reading, entity, measure, is_low, 1)
    return select_rows(reading, entity, measure, is_low, 1)


def aggregate(reading: Reading) -> str | None:
    """The sum, mean, least or greatest of a column over the rows that are meant."""
    wanted = reading.cues & {"sum", "average", "highest", "lowest", "most", "fewest", "first"}
    if not wanted:
        return None
    if "first" in wanted or (wanted & {"highest", "lowest"} and not reading.numbers):
        dates = [named.column for named in reading.others if named.column.type == "date"]
        if dates:
            function = "MAX" if "highest" in wanted else "MIN"
            return f"SELECT {function}({quoted(dates[0].name)}) AS found FROM {source_of(reading)}{reading.where()}"
    if wanted == {"first"}:
        return None
    measure = measured(reading)
    if measure is None:
        return None
    function = aggregate_function(reading, measure)
    name = f"{function.lower()}_{measure.name}"
    return f"SELECT {function}({quoted(measure.name)}) AS {quoted(name)} FROM {source_of(reading)}{reading.where()}"


def counted(reading: Reading) -> str | None:
    """How many rows there are, or different values of a column; or the number that a column has."""
    if "count" not in reading.cues:
        return None
    table = source_of(reading)
    asked = named_after(reading, "count")
    if "distinct" in reading.cues:
        columns = [named.column for named in reading.others] or [reading.profile.naming]
        return f"SELECT COUNT(DISTINCT {quoted(columns[0].name)}) AS number FROM {table}{reading.where()}"
    if asked is not None and asked.column.is_numeric:
        if is_one_row(reading):
            return f"SELECT {quoted(asked.column.name)} FROM {table}{reading.where()}"
        name = quoted(f"sum_{asked.column.name}")
        return f"SELECT SUM({quoted(asked.column.name)}) AS {name} FROM {table}{reading.where()}"
    if is_one_row(reading) and reading.numbers:
        measure = measured(reading)
        assert measure is not None
        return f"SELECT {quoted(measure.name)} FROM {table}{reading.where()}"
    return f"SELECT COUNT(*) AS number FROM {table}{reading.where()}"


def looked_up(reading: Reading) -> str | None:
    """What stands in a column of the row that is named."""
    if not reading.values or not is_one_row(reading):
        return None
    filtered = {found.column.name for found in reading.values}
    asked = [named for named in best_named(reading.named) if named.column.name not in filtered]
    if not asked and "when" in reading.cues:
        dates = [column for column in reading.profile.table.columns if column.type == "date"]
        asked = [Named(column, 0, 0, 1.0) for column in dates[:1]]
    if not asked:
        asked = only_number(reading)
    if not asked:
        return None
    columns = list(dict.fromkeys(named.column for named in asked))
    if "when" in reading.cues and any(column.type == "date" for column in columns):
        columns = [column for column in columns if column.type == "date"]
    heaviest = max(named.weight for named in asked)
    columns = [column for column in columns if any(n.column == column and n.weight >= heaviest - 0.01 for n in asked)]
    shown = quoted((reading.choose(columns) if len(columns) > 1 and same_place(asked) else columns[0]).name)
    return f"SELECT {shown} FROM {source_of(reading)}{reading.where()}"


def listed(reading: Reading) -> str | None:
    """The rows that satisfy the conditions, by their names."""
    if "list" not in reading.cues or not reading.where():
        return None
    filtered = {found.column.name for found in reading.values}
    entities = [named for named in reading.others if named.column.name not in filtered]
    entity = entities[0].column if entities else reading.profile.naming
    distinct = "" if entity.name in reading.profile.unique else "DISTINCT "
    return f"SELECT {distinct}{quoted(entity.name)} FROM {source_of(reading)}{reading.where()}"


Template = Callable[[Reading], str | None]
TEMPLATES: Mapping[str, Template] = {
    "percentage": percentage,
    "ratio": ratio,
    "difference": difference,
    "comparison": comparison,
    "ordered": ordered,
    "grouped": grouped,
    "extreme": extreme,
    "aggregate": aggregate,
    "counted": counted,
    "looked_up": looked_up,
    "listed": listed,
}
