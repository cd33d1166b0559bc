"""Runs checked statements on a copy of the tables they name, in a child process that can do nothing else."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from retrieval.construction.sql_schema import SqlTable
from retrieval.errors import InvalidRequest, TooLarge
from retrieval.store import tables
from retrieval.types import Json

_CHILD = "retrieval.construction.sql_child"  # needs nothing but the standard library (-S): a fast start
_IMPORT_ROOT = Path(__file__).parents[2]  # the folder that holds the package, wherever it is installed
_BATCH = 5_000
_START_SECONDS = 10.0  # for starting the child on a busy machine; it takes 0.05 on an idle one
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SqlLimits:
    """What a question to the tables may cost."""

    seconds: float = 5.0
    rows: int = 1_000  # of a result; what comes after them is cut
    size: int = _MEBIBYTE  # bytes of a result as JSON
    memory: int = 1024 * _MEBIBYTE  # bytes of address space of the child
    cells: int = 4_000_000  # of all tables that a statement names: copying them takes some 2 s


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What a statement gave."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Json, ...], ...]
    cut: bool  # there is more than was allowed


def run(
    connection: Connection,
    statements: Sequence[str],
    read: Sequence[SqlTable],
    limits: SqlLimits | None = None,
    given: Mapping[str, Sequence[Sequence[Json]]] | None = None,
) -> Sequence[SqlResult]:
    """The results of checked statements over the tables that they read; `rowid` is a row's number in its table.

    `given` are the rows of tables that no document has, by name.

    Raises `TooLarge` where tables, time or memory do not suffice, and `InvalidRequest` with what SQLite has against
    a statement.
    """
    limits = limits or SqlLimits()
    if sum(table.cells for table in read) > limits.cells:
        raise TooLarge(f"The tables of this statement have more than {limits.cells:,} cells; ask about smaller ones.")
    task = {
        "parent": os.getpid(),
        "statements": list(statements),
        "readable": {table.name: [column.name for column in table.columns] for table in read},
        "seconds": limits.seconds,
        "rows": limits.rows,
        "size": limits.size,
        "memory": limits.memory,
    }
    return _results(_ask(task, image(connection, read, given or {}), limits), limits)


def image(
    connection: Connection, read: Sequence[SqlTable], given: Mapping[str, Sequence[Sequence[Json]]] | None = None
) -> bytes:
    """A database of these tables alone, as SQLite writes it to a file."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        copy.execute("BEGIN")
        for table in read:
            described = ", ".join(f"{_quoted(column.name)} {column.sql_type}" for column in table.columns)
            copy.execute(f"CREATE TABLE {_quoted(table.name)} ({described})")
            places = ", ".join("?" * (len(table.columns) + 1))
            names = ", ".join(["rowid", *(_quoted(column.name) for column in table.columns)])
            insert = f"INSERT INTO {_quoted(table.name)} ({names}) VALUES ({places})"  # noqa: S608 - quoted names
            if given and table.name in given:
                copy.executemany(insert, [(place, *row) for place, row in enumerate(given[table.name])])
                continue
            for start in range(0, table.row_count, _BATCH):
                rows = tables.rows_of(connection, table.key, _BATCH, start - 1)
                copy.executemany(insert, [(start + place, *row) for place, row in enumerate(rows)])
        copy.execute("COMMIT")
        return copy.serialize()


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _ask(task: Mapping[str, Json], database: bytes, limits: SqlLimits) -> Mapping[str, Json]:
    """What the child says of the task; `time` or `memory` where it said nothing any more."""
    sent = json.dumps(task).encode() + b"\n" + database
    try:
        child = subprocess.run(  # noqa: S603 - the arguments are this program's own
            [sys.executable, "-S", "-m", _CHILD],
            input=sent,
            capture_output=True,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            cwd=_IMPORT_ROOT,
            timeout=2 * limits.seconds + _START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": "time"}
    except BrokenPipeError:
        return {"error": "memory"}
    return outcome(child)


def outcome(child: "subprocess.CompletedProcess[bytes]") -> Mapping[str, Json]:
    """What an ended child wrote, or which of its limits ended it.

    Raises `RuntimeError` where neither did: a fault of the installation, not of the statement.
    """
    if child.returncode < 0:
        return {"error": "time"}
    if child.returncode == 0 and child.stdout:
        found: Mapping[str, Json] = json.loads(child.stdout)
        return found
    if b"MemoryError" in child.stderr:
        return {"error": "memory"}
    complaint = child.stderr.decode("utf-8", "replace")[-300:]
    raise RuntimeError(f"The process that runs statements ended with {child.returncode}: {complaint}")


def _results(answer: Mapping[str, Json], limits: SqlLimits) -> Sequence[SqlResult]:
    raise_over_limit(answer, limits.seconds)
    if "error" in answer:
        raise InvalidRequest(f"SQLite refuses the statement: {answer['detail'][:300]}.", field="sql")
    return [
        SqlResult(tuple(found["columns"]), tuple(map(tuple, found["rows"])), found["cut"])
        for found in answer["results"]
    ]


def raise_over_limit(answer: Mapping[str, Json], seconds: float) -> None:
    """Raises `TooLarge` where the child says that the statement took more time or memory than it may."""
    match answer.get("error"):
        case "time":
            raise TooLarge(f"The statement took longer than {seconds:g} seconds; ask for less at a time.")
        case "memory":
            raise TooLarge("The statement took more memory than it may; ask for less at a time.")
