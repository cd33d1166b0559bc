"""What the guard lets through, what it writes, and what it refuses."""

import pytest

from bench.hostile_statements import STOCK, hostile
from retrieval.construction.sql_guard import checked
from retrieval.construction.sql_repair import repaired
from retrieval.errors import InvalidRequest


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM stock",
        "select Item, QUANTITY from Stock where quantity > 3 order by 2 desc limit 5",
        "SELECT count(*), sum(quantity), avg(quantity), max(item) FROM stock GROUP BY item HAVING count(*) > 1",
        "SELECT DISTINCT upper(trim(item)) AS name FROM stock WHERE item LIKE 'b%' ESCAPE '!' OR item IN ('x', 'y')",
        "SELECT a.item FROM stock AS a JOIN stock AS b ON a.quantity = b.quantity WHERE b.item IS NOT NULL",
        "SELECT item FROM stock WHERE quantity = (SELECT max(quantity) FROM stock)",
        "SELECT item FROM stock WHERE quantity BETWEEN 1 AND 5 UNION SELECT item FROM stock WHERE NOT quantity < 9",
        "SELECT CASE WHEN quantity > 3 THEN 'many' ELSE 'few' END, round(quantity / 3.0, 1) FROM stock",
        "SELECT strftime('%Y', item), substr(item, 1, 4), coalesce(quantity, 0), cast(item AS integer) FROM stock",
        "SELECT t.n FROM (SELECT count(*) AS n FROM stock) AS t",
        "SELECT rowid FROM stock;",
    ],
)
def test_a_select_over_known_tables_passes(sql: str) -> None:
    assert checked(sql, [STOCK]).tables == (STOCK,)


def test_what_passes_is_written_anew() -> None:
    found = checked('select ITEM /* hidden */ from stock where item = "bell" -- tail\n', [STOCK])
    assert found.sql == """SELECT "ITEM" FROM "stock" WHERE "item" = 'bell'"""


def test_every_hostile_statement_is_refused() -> None:
    assert [sql for sql in hostile(600) if not is_refused(sql)] == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (f"SELECT item FROM stock WHERE quantity IN ({', '.join(['1'] * 1_600)})", "too complicated"),
        ("SELECT item FROM main.stock", "plain name"),
        ("SELECT * FROM stock('x')", "plain name"),
        ("SELECT main.stock.item FROM stock", r"table\.column"),
        ("SELECT elsewhere.item FROM stock", "none of its tables"),
    ],
)
def test_it_is_said_what_is_not_allowed(sql: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        checked(sql, [STOCK])


def is_refused(sql: str) -> bool:
    try:
        checked(sql, [STOCK])
    except InvalidRequest:
        return True
    return False


def test_names_that_are_nearly_right_are_mended() -> None:
    mended = repaired("SELECT itm, max(quantty) FROM stocks GROUP BY itm", [STOCK])
    assert mended is not None
    assert checked(mended, [STOCK]).sql == 'SELECT "item", MAX("quantity") FROM "stock" GROUP BY "item"'


@pytest.mark.parametrize("sql", ["SELECT colour FROM stock", "SELECT item FROM stock", "SELECT (", "SELECT 'itm'"])
def test_nothing_is_mended_without_a_near_name(sql: str) -> None:
    assert repaired(sql, [STOCK]) is None
