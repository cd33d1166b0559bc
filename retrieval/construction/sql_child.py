"""The process that runs statements: a copy of some tables in memory, read under an authorizer and limits.

    python -m retrieval.construction.sql_child

It reads one JSON line (what to run, what may be read, the limits) and then the bytes of an SQLite database, writes one
JSON object, and ends. It imports next to nothing, so that starting it takes some 40 ms, and can open no file.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from retrieval.process_limits import ProcessLimits, die_with_parent

# What SQLite calls the functions that `sql_guard` lets through.
_FUNCTION_NAMES = (
    "abs avg coalesce count date ifnull iif instr length like lower max min nullif round strftime "
    "substr substring sum total trim upper"
)
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_STEPS_BETWEEN_LOOKS = 10_000  # instructions of SQLite's machine, some 0.1 ms
_LONGEST_VALUE = 1_000_000  # bytes
_ROWS_AT_ONCE = 100
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
}


@dataclass(frozen=True, slots=True)
class Task:
    """Statements to run one after the other, and what they may cost together."""

    statements: tuple[str, ...]
    readable: Mapping[str, Sequence[str]]  # columns by table
    seconds: float
    rows: int  # of each result
    size: int  # bytes of all results as JSON
    memory: int  # bytes of address space


def run(database: bytes, task: Task) -> dict[str, Any]:
    """The results, `{"results": [{"columns", "rows", "cut"}]}`, or `{"error", "detail"}` of the first statement.

    Those after the first are wanted but not needed: the result of one that fails is empty.
    """
    deadline = time.monotonic() + task.seconds
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(database)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        readable = {(table, column) for table, columns in task.readable.items() for column in (*columns, "ROWID", "")}
        connection.set_authorizer(lambda action, first, second, *_: _allow(action, first, second, readable))
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
        room = task.size
        results: list[dict[str, Any]] = []
        for statement in task.statements:
            try:
                result = _result(connection, statement, task.rows, room)
            except MemoryError:
                return {"error": "memory", "detail": ""}
            except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
                if results:
                    results.append({"columns": [], "rows": [], "cut": False})
                    continue
                ran_out = time.monotonic() > deadline
                return {"error": "time" if ran_out else "sql", "detail": str(error)}
            room -= len(json.dumps(result["rows"]))
            results.append(result)
    return {"results": results}


def _allow(action: int, first: str | None, second: str | None, readable: set[tuple[str, str]]) -> int:
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and (first, second) in readable:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second is not None and second.lower() in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _result(connection: sqlite3.Connection, statement: str, rows: int, room: int) -> dict[str, Any]:
    """What a statement gives, cut where it would be too much."""
    cursor = connection.execute(statement)
    columns = [name for name, *_ in cursor.description or ()]
    found: list[list[Any]] = []
    while batch := cursor.fetchmany(_ROWS_AT_ONCE):
        for row in batch:
            room -= len(json.dumps(row, default=_text))
            if len(found) == rows or room < 0:
                return {"columns": columns, "rows": found, "cut": True}
            found.append(json.loads(json.dumps(row, default=_text)))
    return {"columns": columns, "rows": found, "cut": False}


def _text(value: object) -> str:
    """Bytes, which JSON has not, as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def main() -> None:
    """Runs the task on standard input under its limits."""
    header = json.loads(sys.stdin.buffer.readline())
    die_with_parent(header.pop("parent"))
    task = Task(**header)
    ProcessLimits(task.memory, 2 * task.seconds, result=0, open_files=8).apply()
    try:
        outcome = run(sys.stdin.buffer.read(), task)
    except MemoryError:
        outcome = {"error": "memory", "detail": ""}
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main()
