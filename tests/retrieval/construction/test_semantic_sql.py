"""`semantic` in SQL: a condition on meanings, and an order by them."""

import numpy as np
import pytest

from retrieval.construction.semantic_sql import MAX_CALLS, MAX_VALUES, nearest
from retrieval.construction.table_questions import TableAnswer, TableQuestion, TableQuestions
from retrieval.errors import InvalidRequest, TooLarge
from retrieval.store import tables
from retrieval.store.tables import NewTable
from tests.fakes import HashEmbedder, Library

COLUMNS = (
    {"name": "item", "header": "Item", "type": "text", "unit": None, "examples": []},
    {"name": "quantity", "header": "Quantity", "type": "integer", "unit": None, "examples": []},
)
ROWS = (
    ("disc brake front", 3),
    ("saddle leather", 5),
    ("disc brake rear", 7),
    ("inner tube", 20),
    (None, 1),
    ("pedal plastic", 2),
    # What is meant stands out of the rest only where there is a rest.
    ("chain steel", 1),
    ("bell brass", 1),
    ("rack wooden", 1),
    ("mudguard long", 1),
    ("grip cork", 1),
)


@pytest.fixture
def stock(library: Library) -> Library:
    fill(library, ROWS)
    return library


def fill(library: Library, rows: object) -> None:
    document = library.add("What is in stock.", name="stock.csv")
    with library.database.write() as connection:
        assert document.active_revision is not None
        new = NewTable("stock", "Stock", COLUMNS, rows)  # type: ignore[arg-type]
        (key,) = tables.replace(connection, document.active_revision, [new])
        tables.add_rows(connection, [(key, ordinal, row) for ordinal, row in enumerate(rows)])  # type: ignore[call-overload]


def ask(library: Library, sql: str) -> TableAnswer:
    return TableQuestions(library.database, HashEmbedder).ask(TableQuestion("default", sql=sql))


def rows(library: Library, sql: str) -> list[tuple[object, ...]]:
    answer = ask(library, sql)
    assert answer.result is not None
    return list(answer.result.rows)


def test_a_condition_holds_for_the_values_that_are_meant(stock: Library) -> None:
    found = rows(stock, "SELECT item FROM stock WHERE semantic(item, 'disc brake') ORDER BY item")
    assert found == [("disc brake front",), ("disc brake rear",)]
    others = rows(stock, "SELECT item FROM stock WHERE NOT semantic(item, 'disc brake') AND quantity > 4 ORDER BY 1")
    assert others == [("inner tube",), ("saddle leather",)]


def test_rows_can_be_ordered_by_a_meaning_and_the_score_be_shown(stock: Library) -> None:
    sql = "SELECT item, semantic(item, 'leather saddle') AS near FROM stock WHERE item IS NOT NULL ORDER BY near DESC"
    found = rows(stock, sql)
    assert found[0][0] == "saddle leather"
    scores = [row[1] for row in found]
    assert scores == sorted(scores, reverse=True)
    assert rows(stock, "SELECT item FROM stock ORDER BY semantic(item, 'inner tube') DESC LIMIT 1") == [("inner tube",)]


def test_it_joins_with_the_rest_of_the_statement(stock: Library) -> None:
    sql = "SELECT SUM(s.quantity) AS n FROM stock AS s WHERE semantic(s.item, 'disc brake') AND s.quantity > 3"
    assert rows(stock, sql) == [(7,)]
    nested = "SELECT COUNT(*) AS n FROM stock WHERE item IN (SELECT item FROM stock WHERE semantic(item, 'disc brake'))"
    assert rows(stock, nested) == [(2,)]


def test_the_trace_names_the_values_and_evidence_names_the_rows(stock: Library) -> None:
    answer = ask(stock, "SELECT item FROM stock WHERE semantic(item, 'disc brake')")
    assert [stage.stage for stage in answer.trace.stages] == ["tables", "plan", "check", "execute"]
    (meant,) = answer.trace.recorded("plan", "meant")
    assert sorted(meant["values"]) == ["disc brake front", "disc brake rear"]
    assert [row.row for row in answer.evidence] == [1, 3]
    assert "semantic" not in (answer.sql or "")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT item FROM stock WHERE semantic(item)",
        "SELECT item FROM stock WHERE semantic('item', 'x')",
        "SELECT item FROM stock WHERE semantic(item, '')",
        "SELECT item FROM stock WHERE semantic(quantity, 'many')",
        "SELECT item FROM stock WHERE semantic(nothing, 'many')",
        "SELECT item FROM elsewhere WHERE semantic(item, 'many')",
        "SELECT item FROM stock WHERE semantic(item, (SELECT 'x'))",
        "SELECT " + ", ".join(["semantic(item, 'x')"] * (MAX_CALLS + 1)) + " FROM stock",
        "DELETE FROM stock WHERE semantic(item, 'brake')",
        "SELECT load_extension(semantic(item, 'x')) FROM stock",
        "SELECT item FROM stock; SELECT semantic(item, 'x') FROM stock",
    ],
)
def test_what_cannot_be_planned_is_refused(stock: Library, sql: str) -> None:
    with pytest.raises(InvalidRequest):
        ask(stock, sql)


def test_quotes_in_values_and_texts_stay_texts(library: Library) -> None:
    fill(library, [("O'Brien's \"pump\"; DROP TABLE stock", 1), ("lamp", 2), ("bell", 3)])
    sql = "SELECT quantity FROM stock WHERE semantic(item, 'O''Brien pump')"
    assert rows(library, sql) == [(1,)]


def test_a_column_of_too_many_values_is_not_embedded(library: Library) -> None:
    fill(library, [(f"value {number}", number) for number in range(MAX_VALUES + 1)])
    with pytest.raises(TooLarge, match="different values"):
        ask(library, "SELECT item FROM stock WHERE semantic(item, 'value')")


def test_only_values_near_the_best_are_meant() -> None:
    values = [f"v{number}" for number in range(10)]
    cosines = np.array([0.91, 0.90, *[0.80] * 8], np.float32)
    assert nearest(values, cosines) == ["v0", "v1"]
    assert nearest(values[:1], cosines[:1]) == ["v0"]
    assert nearest([], cosines[:0]) == []


@pytest.mark.parametrize("others", [3, 6, 18])
def test_several_values_are_meant_among_few_and_among_many(others: int) -> None:
    cosines = np.array([0.85, 0.84, *(0.80 + 0.001 * (place % 3) for place in range(others))], np.float32)
    assert nearest([f"v{place}" for place in range(len(cosines))], cosines) == ["v0", "v1"]


def test_a_value_near_the_best_is_not_meant_where_the_others_come_as_near() -> None:
    cosines = np.array([0.85, 0.832, *np.linspace(0.80, 0.829, 8)], np.float32)
    assert nearest([f"v{place}" for place in range(10)], cosines) == ["v0"]
