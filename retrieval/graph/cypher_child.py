"""The process that holds the graph engine: it lays a graph out as a file, or runs statements on such a file.

    python -m retrieval.graph.cypher_child

The engine may hang, crash or run out of memory without harm to the service, and its read-only mode still lets `COPY TO`
and `EXPORT` write files and `LOAD FROM` read any: so a process that runs statements may not open a file or socket any
more once its graph is open. It reads one JSON object, writes one, and ends.
"""

import json
import math
import os
import re
import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

from retrieval.process_limits import die_with_parent

SCHEMA = (
    "CREATE NODE TABLE Entity(key INT64 PRIMARY KEY, name STRING, kind STRING, aliases STRING)",
    "CREATE NODE TABLE Document(key INT64 PRIMARY KEY, id STRING, name STRING)",
    "CREATE NODE TABLE Value(key INT64 PRIMARY KEY, value STRING, number DOUBLE)",
    "CREATE REL TABLE RELATED(FROM Entity TO Entity, relation STRING, chunk INT64, first INT64, last INT64)",
    "CREATE REL TABLE HAS(FROM Entity TO Value, name STRING, chunk INT64, first INT64, last INT64)",
    "CREATE REL TABLE MENTIONED_IN(FROM Entity TO Document, times INT64, chunk INT64)",
    "CREATE REL TABLE REFERS_TO(FROM Document TO Document, chunk INT64, first INT64, last INT64)",
)
TABLES = ("Entity", "Document", "Value", "RELATED", "HAS", "MENTIONED_IN", "REFERS_TO")
_MEBIBYTE = 1024 * 1024
_BUFFER_POOL = 128 * _MEBIBYTE
_LARGEST_GRAPH = 1024 * _MEBIBYTE  # bytes of a file; a power of two, mapped as address space
_TIMED_OUT = re.compile(r"interrupted|timeout", re.IGNORECASE)
_NO_MEMORY = re.compile(r"unable to allocate memory|buffer pool is full|bad_alloc|mmap", re.IGNORECASE)


def build(folder: str, path: str) -> dict[str, Any]:
    """Lays out the tables that lie in the folder as CSV files; gives an empty object."""
    connection = _open(path, read_only=False)
    for statement in SCHEMA:
        connection.execute(statement)
    for table in TABLES:
        copy = f"COPY {table} FROM '{folder}/{table}.csv' (header=false, parallel=false, escape='\"')"
        connection.execute(copy)
    connection.execute("CHECKPOINT")
    return {}


def run(path: str, statements: Sequence[str], seconds: float, rows: int, size: int) -> dict[str, Any]:
    """The results, `{"results": [{"columns", "rows", "cut"}]}`, or `{"error", "detail"}` of the first statement.

    Those after the first are wanted but not needed: the result of one that fails is empty.
    """
    connection = _open(path, read_only=True)
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))  # what is open stays open; nothing else can be opened, or grow
    deadline = time.monotonic() + seconds
    results: list[dict[str, Any]] = []
    for statement in statements:
        left = deadline - time.monotonic()
        connection.set_query_timeout(max(1, int(1000 * left)))
        try:
            result = _result(connection.execute(statement), rows, size)
        except (RuntimeError, MemoryError) as error:
            if results:
                results.append({"columns": [], "rows": [], "cut": False})
                continue
            return {"error": _error(error), "detail": str(error)}
        size -= len(json.dumps(result["rows"]))
        results.append(result)
    return {"results": results}


def _open(path: str, *, read_only: bool) -> Any:
    import ladybug  # noqa: PLC0415 - here, so that the service itself never loads the engine

    database = ladybug.Database(
        path, read_only=read_only, buffer_pool_size=_BUFFER_POOL, max_num_threads=1, max_db_size=_LARGEST_GRAPH
    )
    return ladybug.Connection(database, num_threads=1)


def _result(result: Any, rows: int, room: int) -> dict[str, Any]:
    """What a statement gave, cut where it would be too much."""
    columns = result.get_column_names()
    found: list[list[Any]] = []
    while result.has_next():
        row = [_plain(value) for value in result.get_next()]
        room -= len(json.dumps(row))
        if len(found) == rows or room < 0:
            return {"columns": columns, "rows": found, "cut": True}
        found.append(row)
    return {"columns": columns, "rows": found, "cut": False}


def _plain(value: Any) -> Any:
    """The value as JSON has it; nodes and relations by their own fields, without the engine's addresses."""
    if isinstance(value, dict):
        if "_NODES" in value:
            return {"nodes": _plain(value["_NODES"]), "relations": _plain(value["_RELS"])}
        named = {"_LABEL": "label"}
        return {named.get(key, key): _plain(item) for key, item in value.items() if key not in {"_ID", "_SRC", "_DST"}}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _error(error: BaseException) -> str:
    if isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)):
        return "memory"
    return "time" if _TIMED_OUT.search(str(error)) else "cypher"


def main() -> None:
    """Does the task on standard input under its limits."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the engine prints (it does, for some statements) is no part of the answer
    task = json.loads(sys.stdin.buffer.read())
    die_with_parent(task["parent"])
    sys.path += task["import_path"]  # the interpreter starts without site-packages, which is quicker
    seconds = task["seconds"]
    limits = ((resource.RLIMIT_AS, task["memory"]), (resource.RLIMIT_CORE, 0))
    for kind, limit in (*limits, (resource.RLIMIT_CPU, math.ceil(2 * seconds) + 5)):
        resource.setrlimit(kind, (limit, limit))
    try:
        if task["do"] == "build":
            outcome = build(task["folder"], task["path"])
        else:
            outcome = run(task["path"], task["statements"], seconds, task["rows"], task["size"])
    except (RuntimeError, MemoryError) as error:
        outcome = {"error": _error(error), "detail": str(error)}
    answer.write(json.dumps(outcome))
    answer.flush()


if __name__ == "__main__":
    main()
