"""The walls behind the guard: what a statement cannot do even if it came through."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict, replace

import pytest

from bench.hostile_statements import CREATED, SECRET, STOCK, hostile
from retrieval.construction.sql_child import Task, run
from retrieval.types import Json

TASK = Task((), {STOCK.name: [column.name for column in STOCK.columns]}, 0.5, 100, 10_000, 0)


@pytest.fixture(scope="module")
def database() -> bytes:
    """The stock, and beside it what nobody may read."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in CREATED:
            connection.execute(statement)
        connection.commit()
        return connection.serialize()


def outcome(database: bytes, *statements: str, task: Task = TASK) -> dict[str, object]:
    return run(database, replace(task, statements=statements))


def test_a_select_gives_its_rows(database: bytes) -> None:
    found = outcome(database, "SELECT item, quantity FROM stock WHERE quantity > 5", "SELECT count(*) FROM stock")
    assert found["results"] == [
        {"columns": ["item", "quantity"], "rows": [["brake", 8], ["chain", 21]], "cut": False},
        {"columns": ["count(*)"], "rows": [[3]], "cut": False},
    ]


def test_no_hostile_statement_reads_or_changes_anything(database: bytes) -> None:
    for statement in hostile(600):
        found = outcome(database, statement, "SELECT count(*), sum(quantity) FROM stock")
        assert SECRET not in str(found), statement
        if "results" in found:
            assert found["results"][1]["rows"] == [[3, 32]], statement  # type: ignore[index]  # JSON


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT value FROM secrets",
        "SELECT * FROM sqlite_master",
        "SELECT randomblob(9)",
        "DELETE FROM stock",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n LIMIT 3",
    ],
)
def test_the_authorizer_refuses_what_is_not_on_its_list(database: bytes, statement: str) -> None:
    assert outcome(database, statement)["error"] == "sql"


def test_a_statement_without_an_end_is_stopped(database: bytes) -> None:
    endless = "SELECT count(*) FROM " + ", ".join(f"stock AS s{number}" for number in range(30))
    assert outcome(database, endless)["error"] == "time"


def test_a_large_result_is_cut(database: bytes) -> None:
    product = "SELECT a.item FROM stock a, stock b, stock c, stock d, stock e"
    found = outcome(database, product)["results"]
    assert len(found[0]["rows"]) == 100  # type: ignore[index]  # JSON
    assert found[0]["cut"]  # type: ignore[index]  # JSON
    small = outcome(database, product, task=replace(TASK, size=50))["results"]
    assert len(small[0]["rows"]) < 10  # type: ignore[index]  # JSON


def test_a_huge_value_is_refused(database: bytes) -> None:
    days = "SELECT strftime('" + "%J" * 40_000 + "', '2024-03-01') AS days"  # 9 characters for 2
    assert "results" in outcome(database, f"SELECT length(days) FROM ({days})")
    assert outcome(database, f"SELECT length(days || days || days) FROM ({days})")["error"] == "sql"


def test_all_results_share_their_bytes(database: bytes) -> None:
    product = "SELECT a.item FROM stock a, stock b"  # 9 rows of some 9 bytes
    first, second = outcome(database, product, product, task=replace(TASK, size=110))["results"]  # type: ignore[misc]
    assert (len(first["rows"]), first["cut"]) == (9, False)
    assert second["cut"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1" + " + 1" * 200,
        " UNION ALL ".join(["SELECT item FROM stock"] * 30),
        "SELECT item FROM stock WHERE item LIKE '" + "%a" * 2_000 + "'",
        "SELECT item FROM stock WHERE item = '" + "a" * 200_000 + "'",
    ],
    ids=["depth", "parts", "pattern", "length"],
)
def test_statements_built_to_exhaust_the_engine_are_refused(database: bytes, statement: str) -> None:
    assert outcome(database, statement)["error"] == "sql"


def test_the_process_has_no_more_memory_than_it_may(database: bytes) -> None:
    plenty, little = (spoken(database + bytes(200 * 2**20), megabytes) for megabytes in (2_000, 150))
    assert "results" in plenty
    assert little == {"error": "memory", "detail": ""}


def spoken(database: bytes, megabytes: int) -> Json:
    """What the child process says."""
    task = {
        **asdict(TASK),
        "parent": os.getpid(),
        "statements": ["SELECT 1"],
        "memory": megabytes * 2**20,
        "seconds": 30,
    }
    child = subprocess.run(
        [sys.executable, "-S", "-m", "retrieval.construction.sql_child"],
        input=json.dumps(task).encode() + b"\n" + database,
        capture_output=True,
        check=True,
    )
    return json.loads(child.stdout)
