"""`semantic(column, 'text')` in SQL: what a column's values mean, beside what they are.

As a condition it holds for the values that come nearest to the text; anywhere else it is their cosine with it, so that
rows can be ordered by it. Both are written into plain SQL before the statement is checked: the condition becomes a list
of values, the cosine a look-up in a table of scores that the child process is given beside the others.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sqlglot
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlglot import exp
from sqlglot.errors import SqlglotError

from retrieval.construction.sql_schema import SqlColumn, SqlTable
from retrieval.errors import InvalidRequest, TooLarge
from retrieval.store import tables
from retrieval.types import Embedder, Json

NAME = "semantic"
# Distinct values of a column that are embedded: some ten seconds where none of them is known yet.
MAX_VALUES = 1_000
MAX_CALLS = 4  # in one statement
_LONGEST_TEXT = 1_000
_READ_ROWS = 20_000
_BATCH = 5_000
# A value is meant if its cosine is this near to the best one, and stands out from those that are not by this much of
# their spread. Fitted on texts of our own (bench/meanings.py).
_NEAR = 0.02
_STANDS_OUT = 2.0
_FEWEST_OTHERS = 2  # have a spread
_MOST_MEANT = 50
MAX_CHARACTERS = 100_000  # of all values together
_LONGEST_LIST = 4_000  # characters of the values that are meant, in the statement
_KEPT_VECTORS = 20_000
# Places in a statement where a truth value is asked for.
_LOGICAL = (exp.Where, exp.Having, exp.And, exp.Or, exp.Not, exp.Paren)


@dataclass(frozen=True, slots=True)
class Scores:
    """A table that the statement reads and no document has: cosines by value."""

    table: SqlTable
    rows: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A statement without `semantic`, and the scores that it looks up."""

    sql: str
    scores: Sequence[Scores]
    meant: Sequence[Json]  # for the trace: column, text, values


class ValueVectors:
    """Vectors of values by embedding model; the least used are let go. Safe to use from several threads."""

    def __init__(self, embedder: Callable[[], Embedder]) -> None:
        self._embedder = embedder
        self._kept: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def cosines(self, values: Sequence[str], text: str) -> NDArray[np.float32]:
        """The cosine of each value with the text."""
        embedder = self._embedder()
        with self._lock:
            known = {value: self._kept[key] for value in values if (key := (embedder.model_id, value)) in self._kept}
        missing = [value for value in values if value not in known]
        if missing:
            known |= dict(zip(missing, embedder.embed_passages(missing), strict=True))
        with self._lock:
            for value in values:
                self._kept[embedder.model_id, value] = known[value]
                self._kept.move_to_end((embedder.model_id, value))
            while len(self._kept) > _KEPT_VECTORS:
                self._kept.popitem(last=False)
        vectors = [known[value] for value in values]
        found: NDArray[np.float32] = np.stack(vectors) @ embedder.embed_query(text)
        return found


def is_semantic(sql: str) -> bool:
    """Whether the statement may use `semantic`."""
    return NAME in sql.casefold()


def planned(sql: str, connection: Connection, known: Sequence[SqlTable], vectors: ValueVectors) -> Planned:
    """The statement with every `semantic` written out. Raises `InvalidRequest`, and `TooLarge` for too many values."""
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (SqlglotError, RecursionError):
        return Planned(sql, (), ())  # the guard says what is wrong with it
    calls = [node for node in tree.find_all(exp.Anonymous) if node.name.casefold() == NAME]
    if len(calls) > MAX_CALLS:
        raise InvalidRequest(f"`semantic` may stand {MAX_CALLS} times in a statement.", field="sql")
    scores: list[Scores] = []
    meant: list[Json] = []
    for call in calls:
        column, text = _arguments(call)
        owner, found = _column(column, call, known)
        values = _values(connection, owner, found)
        cosines = vectors.cosines(values, text) if values else np.zeros(0, np.float32)
        if isinstance(call.parent, _LOGICAL):
            chosen = nearest(values, cosines)
            call.replace(_condition(column, chosen))
            meant.append({"column": found.name, "text": text, "values": chosen})
            continue
        table = _table_of(len(scores), [item.name for item in known])
        pairs = zip(values, map(float, cosines), strict=True)
        scores.append(Scores(table, [(value, round(cosine, 6)) for value, cosine in pairs]))
        call.replace(_look_up(table, column))
        meant.append({"column": found.name, "text": text, "scored": len(values)})
    return Planned(tree.sql(dialect="sqlite"), scores, meant)


def nearest(values: Sequence[str], cosines: NDArray[np.float32]) -> Sequence[str]:
    """The values that are meant, best first: near to the best one, and apart from those that are not near.

    Those that are near do not count among the others: of five values two could never stand out from all five.
    """
    if not len(values):
        return []
    best = float(cosines.max())
    others = cosines[cosines < best - _NEAR]
    floor = best - _NEAR
    if len(others) >= _FEWEST_OTHERS:
        floor = max(floor, float(others.mean() + _STANDS_OUT * others.std()))
    order = np.argsort(-cosines, kind="stable")[:_MOST_MEANT]
    meant = [values[place] for place in order if cosines[place] >= min(floor, best)]
    lengths = np.cumsum([len(value) for value in meant])
    return meant[: int((lengths <= _LONGEST_LIST).sum())]


def _arguments(call: exp.Anonymous) -> tuple[exp.Column, str]:
    match call.expressions:
        case [exp.Column() as column, exp.Literal() as text] if text.is_string and text.name.strip():
            return column, text.name[:_LONGEST_TEXT]
    raise InvalidRequest("`semantic` takes a column and a text: semantic(column, 'what is meant').", field="sql")


def _column(column: exp.Column, call: exp.Expr, known: Sequence[SqlTable]) -> tuple[SqlTable, SqlColumn]:
    """The column of text that is meant, among the tables of the SELECT around it."""
    by_name = {table.name.casefold(): table for table in known}
    select = call.find_ancestor(exp.Select)
    while select is not None:
        for source in select.find_all(exp.Table):
            table = by_name.get(source.name.casefold())
            if table is None or (column.table and column.table.casefold() not in {source.alias_or_name.casefold()}):
                continue
            found = table.column(column.name)
            if found is not None and found.type == "text":
                return table, found
        select = select.find_ancestor(exp.Select)
    raise InvalidRequest(f"There is no column of text '{column.name[:60]}' for `semantic` to read.", field="sql")


def _values(connection: Connection, table: SqlTable, column: SqlColumn) -> Sequence[str]:
    """The distinct values of the column, in their order."""
    if table.row_count > _READ_ROWS:
        raise TooLarge(f"`semantic` reads tables of at most {_READ_ROWS:,} rows.")
    found: dict[str, None] = {}
    for start in range(0, table.row_count, _BATCH):
        for row in tables.rows_of(connection, table.key, _BATCH, start - 1):
            if row[column.position] is not None:
                found[str(row[column.position])] = None
        if len(found) > MAX_VALUES:
            raise TooLarge(f"`semantic` reads columns of at most {MAX_VALUES:,} different values.")
    if sum(map(len, found)) > MAX_CHARACTERS:
        raise TooLarge(f"`semantic` reads columns of at most {MAX_CHARACTERS:,} characters.")
    return list(found)


def _condition(column: exp.Column, chosen: Sequence[str]) -> exp.Expr:
    if not chosen:
        return exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(0))
    return exp.In(this=column.copy(), expressions=[exp.Literal.string(value) for value in chosen])


def _look_up(table: SqlTable, column: exp.Column) -> exp.Expr:
    """The score of the column's value, of the row that the statement stands at."""
    inner = exp.select(exp.column("score", table=table.name)).from_(exp.to_table(table.name))
    key = exp.column("value", table=table.name)
    return exp.Subquery(this=inner.where(exp.EQ(this=key, expression=column.copy())))


def _table_of(number: int, taken: Sequence[str]) -> SqlTable:
    """A table of scores under a name that no other has."""
    folded = {name.casefold() for name in taken}
    name = f"semantic_scores_{number + 1}"
    while name.casefold() in folded:
        name += "_"
    columns = (SqlColumn("value", "value", "text", None, 0), SqlColumn("score", "score", "real", None, 1))
    return SqlTable(name, -number - 1, "", "", "", columns, 0)
