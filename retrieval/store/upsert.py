"""Inserting a row unless it is there, in one statement: only the dialects know how."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERT: dict[str, Callable[..., sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def insert_unless_there(connection: Connection, table: Table, **values: Any) -> None:
    """Inserts the row; does nothing if a key or a unique column of it is taken."""
    connection.execute(_INSERT[connection.dialect.name](table).values(**values).on_conflict_do_nothing())
