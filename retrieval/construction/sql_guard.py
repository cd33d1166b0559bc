"""Lets through one SELECT over named tables and writes it anew from its syntax tree; refuses everything else.

The first of three walls: what it lets through still runs on a copy of these tables alone, under an authorizer of
SQLite, in a child process with limits (`sql_child.py`). It knows neither the rows nor what the statement is for.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from retrieval.construction.sql_schema import SqlTable
from retrieval.errors import InvalidRequest
from retrieval.store.filters import is_plain

# It logs statements that it cannot read, and with them what people wrote.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

MAX_CHARACTERS = 8_000
# Nodes of the tree. The longest statements that a person or our templates write have some 200.
MAX_NODES = 1_500
_MAX_TABLES = 8  # named in one statement: a product of more has no end

_STATEMENTS = (exp.Select, exp.Union, exp.Intersect, exp.Except)
_CLAUSES = (
    *(exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset),
    *(exp.Distinct, exp.Subquery, exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star),
)
_EXPRESSIONS = (
    *(exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.And, exp.Or, exp.Not, exp.Neg),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Like, exp.Escape, exp.Is, exp.Exists),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Case, exp.If, exp.Cast, exp.DataType),
)
_FUNCTIONS = (
    *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Abs, exp.Round, exp.Coalesce, exp.Nullif, exp.Lower),
    *(exp.Upper, exp.Length, exp.Trim, exp.Substring, exp.StrPosition, exp.Date, exp.TimeToStr, exp.TsOrDsToTimestamp),
)
_ALLOWED = frozenset((*_STATEMENTS, *_CLAUSES, *_EXPRESSIONS, *_FUNCTIONS))
_CAST_TO = frozenset({exp.DType.INT, exp.DType.BIGINT, exp.DType.FLOAT, exp.DType.DOUBLE, exp.DType.TEXT})
_OWN_NAMES = frozenset({"rowid"})  # the number of the row in its table


@dataclass(frozen=True, slots=True)
class CheckedSelect:
    """A statement that may run, as text made from its tree, and the tables that it reads."""

    sql: str
    tree: exp.Expression
    tables: tuple[SqlTable, ...]


def checked(sql: str, tables: Sequence[SqlTable]) -> CheckedSelect:
    """The statement, if it is one SELECT over these tables that uses nothing but what is known to be harmless.

    Raises `InvalidRequest`, whose message says what is not allowed.
    """
    if len(sql) > MAX_CHARACTERS:
        raise _refused(f"It is longer than {MAX_CHARACTERS:,} characters.")
    if not is_plain(sql) or "\x00" in sql:
        raise _refused("It is not valid text.")
    tree = _parsed(sql)
    nodes = list(tree.walk())
    if len(nodes) > MAX_NODES:
        raise _refused("It is too complicated.")
    for node in nodes:
        _check_node(node)
    by_name = {table.name.casefold(): table for table in tables}
    read = _tables(tree, by_name)
    _check_columns(tree, read)
    return CheckedSelect(tree.sql(dialect="sqlite", identify=True, comments=False), tree, tuple(read.values()))


def _parsed(sql: str) -> exp.Expression:
    try:
        statements = sqlglot.parse(sql, read="sqlite", error_level=sqlglot.ErrorLevel.RAISE)
    except (SqlglotError, RecursionError) as error:
        raise _refused("It cannot be read as SQL.") from error
    found = [statement for statement in statements if statement is not None]
    if len(found) != 1 or not isinstance(found[0], _STATEMENTS) or not found[0].selects:
        raise _refused("It must be one SELECT.")
    return found[0]


def _check_node(node: exp.Expr) -> None:
    if type(node) not in _ALLOWED:
        raise _refused(f"It uses {_shown(node)}, which is not allowed.")
    if isinstance(node, exp.Table) and (
        not isinstance(node.this, exp.Identifier) or any(node.args.get(part) for part in ("db", "catalog"))
    ):
        raise _refused("A table is called by its plain name.")
    if isinstance(node, exp.Column) and any(node.args.get(part) for part in ("db", "catalog")):
        raise _refused("A column is called by its name, or by `table.column`.")
    if isinstance(node, exp.DataType) and node.this not in _CAST_TO:
        raise _refused("It casts to another type than INTEGER, REAL or TEXT.")


def _shown(node: exp.Expr) -> str:
    """What the message calls a part that is not allowed."""
    name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
    return f"`{name[:40].upper()}`"


def _tables(tree: exp.Expression, by_name: Mapping[str, SqlTable]) -> dict[str, SqlTable]:
    """The tables that the statement reads, by their names; what it calls them itself goes into its aliases."""
    found: dict[str, SqlTable] = {}
    named = list(tree.find_all(exp.Table))
    if len(named) > _MAX_TABLES:
        raise _refused(f"It names tables more than {_MAX_TABLES} times.")
    for node in named:
        table = by_name.get(node.name.casefold())
        if table is None:
            known = ", ".join(sorted(table.name for table in by_name.values())[:20])
            raise InvalidRequest(f"There is no table '{node.name[:60]}' here; known: {known}.", field="sql")
        node.set("this", exp.to_identifier(table.name, quoted=True))
        found[table.name] = table
    return found


def _check_columns(tree: exp.Expression, read: Mapping[str, SqlTable]) -> None:
    """Every column must be one of these tables' or an alias; text in double quotes becomes text, as SQLite reads it."""
    known = {column.name.casefold() for table in read.values() for column in table.columns} | _OWN_NAMES
    aliases = {alias.alias.casefold() for alias in tree.find_all(exp.Alias, exp.Subquery) if alias.alias}
    sources = {name.casefold() for name in read} | aliases
    sources |= {table.alias.casefold() for table in tree.find_all(exp.Table) if table.alias}
    for column in list(tree.find_all(exp.Column)):
        if isinstance(column.this, exp.Star):
            continue
        if column.table and column.table.casefold() not in sources:
            raise _refused(f"`{column.table[:40]}` is none of its tables.")
        if column.name.casefold() in known | aliases:
            continue
        if isinstance(column.this, exp.Identifier) and column.this.quoted and not column.table:
            column.replace(exp.Literal.string(column.name))
            continue
        raise InvalidRequest(f"There is no column '{column.name[:60]}' in the tables of this statement.", field="sql")


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest(f"The statement is refused. {reason}", field="sql")
