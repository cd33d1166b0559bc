"""Mends a statement that names tables or columns wrongly: by the nearest names that there are."""

from collections.abc import Sequence
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from retrieval.construction.sql_schema import SqlTable

# Share of characters that two spellings must have in common: lower, and `name` would become `date`.
_ALIKE = 0.75


def repaired(sql: str, tables: Sequence[SqlTable]) -> str | None:
    """The statement with the nearest names in place of unknown ones; None where nothing is near or nothing is wrong."""
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (SqlglotError, RecursionError):
        return None
    changed = [_renamed(node.this, [table.name for table in tables]) for node in list(tree.find_all(exp.Table))]
    by_name = {table.name.casefold(): table for table in tables}
    read = [by_name[node.name.casefold()] for node in tree.find_all(exp.Table) if node.name.casefold() in by_name]
    columns = [column.name for table in read for column in table.columns]
    columns += [alias.alias for alias in tree.find_all(exp.Alias)]
    changed += [_renamed(node.this, columns) for node in list(tree.find_all(exp.Column))]
    return tree.sql(dialect="sqlite") if any(changed) else None


def _renamed(identifier: object, known: Sequence[str]) -> bool:
    """Gives the identifier the nearest known name; whether that changed it."""
    if not isinstance(identifier, exp.Identifier) or identifier.quoted:
        return False
    by_folded = {name.casefold(): name for name in known}
    if identifier.name.casefold() in by_folded or identifier.name.casefold() == "rowid":
        return False
    # Names that differ in a number are names of different things: `q2_2024` is not meant by `q3_2024`.
    alike = [name for name in by_folded if _digits(name) == _digits(identifier.name)]
    near = get_close_matches(identifier.name.casefold(), alike, n=1, cutoff=_ALIKE)
    if not near:
        return False
    identifier.replace(exp.to_identifier(by_folded[near[0]], quoted=True))
    return True


def _digits(name: str) -> str:
    return "".join(character for character in name if character.isdigit())
