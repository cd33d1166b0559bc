"""Whatever stands above a column becomes a name that SQL takes without quotes."""

import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from ingest.tables.names import identifiers


def test_names_keep_the_words_of_any_script() -> None:
    headers = ["Net Amount (EUR)", "Größe", "金额", "Order", "2019", "", "%", "net amount EUR"]
    assert identifiers(headers, "column") == [
        "net_amount_eur",
        "größe",
        "金额",
        "order_",
        "column_2019",
        "column_6",
        "column_7",
        "net_amount_eur_2",
    ]


@given(st.lists(st.text(), min_size=1, max_size=20))
def test_any_headers_name_the_columns_of_a_table(headers: list[str]) -> None:
    names = identifiers(headers, "column")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(names)})")
        assert len(connection.execute("PRAGMA table_info(t)").fetchall()) == len(headers)
