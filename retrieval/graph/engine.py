"""The graph engine as the service sees it: tasks for child processes, their answers and their failures."""

import json
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.construction.sql_execution import outcome, raise_over_limit
from retrieval.errors import InvalidRequest, TooLarge
from retrieval.types import Json

_CHILD = "retrieval.graph.cypher_child"
_IMPORT_ROOT = Path(__file__).parents[2]  # the folder that holds the package, wherever it is installed
_START_SECONDS = 20.0  # for starting the child on a busy machine; it takes 0.2 to 0.4 on an idle one
_BUILD_SECONDS = 300.0
_MEBIBYTE = 1024 * 1024
# Children that run side by side; further ones wait.
_CHILDREN = threading.BoundedSemaphore(4)


@dataclass(frozen=True, slots=True)
class CypherLimits:
    """What a question to the graph may cost."""

    seconds: float = 5.0
    rows: int = 1_000  # of a result; what comes after them is cut
    size: int = _MEBIBYTE  # bytes of a result as JSON
    memory: int = 3 * 1024 * _MEBIBYTE  # bytes of address space; the engine maps 1 GiB for a graph of any size


@dataclass(frozen=True, slots=True)
class CypherResult:
    """What a statement gave."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Json, ...], ...]
    cut: bool  # there is more than was allowed


def build(folder: Path, path: Path) -> None:
    """Lays out the CSV files in the folder as a graph at the path. Raises `TooLarge`."""
    task = {"do": "build", "folder": str(folder), "path": str(path), "seconds": _BUILD_SECONDS}
    answer = _ask({**task, "memory": CypherLimits().memory}, _BUILD_SECONDS)
    if (error := answer.get("error")) is not None:
        if error in {"memory", "time"}:
            raise TooLarge("The graph of this collection is larger than the graph engine may hold.")
        raise RuntimeError(f"The graph could not be laid out: {answer.get('detail', '')[:300]}")


def run(path: Path, statements: Sequence[str], limits: CypherLimits) -> Sequence[CypherResult]:
    """The results of checked statements over the graph at the path.

    Raises `TooLarge` where time or memory do not suffice, `InvalidRequest` with what the engine has against a
    statement, and `FileNotFoundError` where the graph was swept away meanwhile.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    task = {
        "do": "run",
        "path": str(path),
        "statements": list(statements),
        "seconds": limits.seconds,
        "rows": limits.rows,
        "size": limits.size,
        "memory": limits.memory,
    }
    answer = _ask(task, limits.seconds)
    raise_over_limit(answer, limits.seconds)
    if "error" in answer:
        if not path.exists():
            raise FileNotFoundError(path)
        detail = " ".join(str(answer.get("detail", "")).split())[:300]
        raise InvalidRequest(f"The graph engine refuses the statement: {detail}", field="cypher")
    return [
        CypherResult(tuple(found["columns"]), tuple(map(tuple, found["rows"])), found["cut"])
        for found in answer["results"]
    ]


def _ask(task: Mapping[str, Json], seconds: float) -> Mapping[str, Json]:
    """What the child says of the task; `time` or `memory` where it said nothing any more."""
    paths = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    sent = json.dumps({**task, "parent": os.getpid(), "import_path": list(dict.fromkeys(paths))}).encode()
    with _CHILDREN:
        try:
            child = subprocess.run(  # noqa: S603 - the arguments are this program's own
                [sys.executable, "-S", "-m", _CHILD],
                input=sent,
                capture_output=True,
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
                cwd=_IMPORT_ROOT,
                timeout=2 * seconds + _START_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"error": "time"}
    return outcome(child)
