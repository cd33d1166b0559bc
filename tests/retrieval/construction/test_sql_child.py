"""The walls behind the guard: what a statement cannot do even if it came through."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from bench.hostile_statements import CREATED, SECRET, STOCK, hostile
from retrieval.construction.sql_child import Task, run

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
    doubled = "SELECT item FROM (SELECT 'x' AS item)"
    for _ in range(25):
        doubled = f"SELECT item || item AS item FROM ({doubled})"
    assert outcome(database, doubled)["error"] == "sql"
