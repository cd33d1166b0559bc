"""What templates of SQL have in common: which column is measured, which is asked for, which rows belong together."""

from collections.abc import Sequence

from retrieval.construction.question_cues import group_places
from retrieval.construction.question_reading import Named, Reading
from retrieval.construction.sql_conditions import Values, condition_of, quoted
from retrieval.construction.sql_schema import SqlColumn

_DOWN, _UP = " DESC", " ASC"


def source_of(reading: Reading) -> str:
    """The table as SQL names it."""
    return quoted(reading.profile.table.name)


def conditions_without(reading: Reading, without: SqlColumn) -> Sequence[str]:
    """The conditions but for those on a column."""
    return [condition_of(found) for found in reading.values if found.column != without] + list(reading.conditions)


def pair_of_values(reading: Reading) -> Values | None:
    """Two values of one column."""
    return next((found for found in reading.values if len(found.values) == 2 and not found.negated), None)


def best_named(named: Sequence[Named]) -> Sequence[Named]:
    """Of columns that go by the same words those whose names fit best."""
    best: dict[int, float] = {}
    for item in named:
        best[item.start] = max(best.get(item.start, 0.0), item.weight)
    return [item for item in named if item.weight >= best[item.start] - 0.01]


def same_place(named: Sequence[Named]) -> bool:
    """Whether all of them are named by the same words."""
    return len({item.start for item in named}) == 1


def only_number(reading: Reading) -> list[Named]:
    """The column with numbers of a table that has one only."""
    numeric = [column for column in reading.profile.table.columns if column.is_numeric]
    return [Named(numeric[0], 0, 0, 1.0)] if len(numeric) == 1 else []


def measured(reading: Reading, without: SqlColumn | None = None) -> SqlColumn | None:
    """The column with numbers that the question is about: the one it names, else the only one, else the likeliest."""
    named = [item for item in best_named(reading.numbers) if item.column != without]
    if named:
        heaviest = max(item.weight for item in named)
        columns = list(dict.fromkeys(item.column for item in named if item.weight >= heaviest - 0.01))
        return columns[0] if len(columns) == 1 else reading.choose(columns)
    numeric = [column for column in reading.profile.table.columns if column.is_numeric and column != without]
    numeric = [column for column in numeric if column in reading.units] or numeric
    if len(numeric) <= 1:
        return next(iter(numeric), None)
    return reading.choose(numeric)


def aggregate_function(reading: Reading, measure: SqlColumn) -> str:
    """The aggregate that the cues ask for."""
    for cue, function in (
        ("average", "AVG"),
        ("highest", "MAX"),
        ("lowest", "MIN"),
        ("sum", "SUM"),
        ("most", "MAX"),
        ("fewest", "MIN"),
    ):
        if cue in reading.cues:
            return function
    return "SUM" if reading.adds(measure) else "AVG"


def figure_of(reading: Reading, measure: SqlColumn, column: SqlColumn) -> str:
    """The value of the measure at one value of the column: itself where it is one row, else its sum or mean."""
    if column.name in reading.profile.unique:
        return quoted(measure.name)
    function = "AVG" if "average" in reading.cues or not reading.adds(measure) else "SUM"
    return f"{function}({quoted(measure.name)})"


def in_aggregates(reading: Reading) -> frozenset[str]:
    """Superlatives that ask for a figure of each group and not for a group: "the highest price per category"."""
    return frozenset() if "list" in reading.cues else frozenset({"highest", "lowest"})


def group_column(reading: Reading) -> SqlColumn | None:
    """The column behind "per", "by", "each"."""
    for _, end in group_places(reading.said.text):
        for named in reading.others:
            if 0 <= named.start - end <= 1:
                return named.column
    return None


def counts_rows(reading: Reading) -> bool:
    """Whether a figure of each group is a number of rows."""
    if reading.cues & {"sum", "average", "highest", "lowest"}:
        return False
    asked = named_after(reading, "count")
    return not reading.numbers or ("count" in reading.cues and (asked is None or not asked.column.is_numeric))


def asked_column(reading: Reading, measure: SqlColumn) -> SqlColumn:
    """What is asked for: the first column without numbers that is named, else the one that names rows."""
    filtered = {found.column.name for found in reading.values if len(found.values) == 1}
    return next(
        (named.column for named in reading.others if named.column.name not in filtered and named.column != measure),
        reading.profile.naming,
    )


def is_grouped(reading: Reading, entity: SqlColumn, measure: SqlColumn) -> bool:
    """Whether the rows of one value belong together."""
    if entity.name in reading.profile.unique or "single" in reading.cues:
        return False
    return reading.adds(measure) or "average" in reading.cues


def is_one_row(reading: Reading) -> bool:
    """Whether the values name single rows."""
    return any(found.column.name in reading.profile.unique and not found.negated for found in reading.values)


def named_after(reading: Reading, cue: str) -> Named | None:
    """The column named right behind a cue, by its next content word."""
    ends = [found.end for found in reading.said.cues if found.name == cue]
    if not ends:
        return None
    following = [word.start for word in reading.said.content if word.start >= ends[0]]
    near = [named for named in best_named(reading.named) if following and named.start == following[0]]
    return next(iter(near), None)


def measures_after_cue(reading: Reading) -> bool:
    """Whether "most" is said of a column with numbers, and not of the rows."""
    if not reading.numbers:
        return "sum" in reading.cues or bool(reading.units)
    for cue in ("most", "fewest"):
        after = named_after(reading, cue)
        if after is not None:
            return after.column.is_numeric or any(other.start == after.start for other in reading.numbers)
    return True


def first_groups(reading: Reading, entity: SqlColumn, measure: SqlColumn | None, is_low: bool, count: int) -> str:
    """The values of a column whose rows have the most or least of the measure together; without one of rows."""
    shown = "COUNT(*)" if measure is None else figure_of(reading, measure, entity)
    if measure is not None and entity.name in reading.profile.unique:
        return select_rows(reading, entity, measure, is_low, count)
    name = quoted(entity.name)
    order = _UP if is_low else _DOWN
    source = f"{source_of(reading)}{reading.where()}"
    return f"SELECT {name}, {shown} AS figure FROM {source} GROUP BY {name} ORDER BY figure{order} LIMIT {count}"


def select_rows(reading: Reading, entity: SqlColumn, measure: SqlColumn, is_low: bool, count: int | None) -> str:
    """The rows from one end of the order by the measure; those without a value are left out."""
    column = quoted(measure.name)
    where = reading.where()
    present = f"{column} IS NOT NULL"
    where = f"{where} AND {present}" if where else f" WHERE {present}"
    limit = "" if count is None else f" LIMIT {count}"
    order = _UP if is_low else _DOWN
    return f"SELECT {quoted(entity.name)}, {column} FROM {source_of(reading)}{where} ORDER BY {column}{order}{limit}"
