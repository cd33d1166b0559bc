"""Questions to tables over HTTP."""

from retrieval.store import documents, tables
from retrieval.store.tables import NewTable
from tests.app.conftest import Running
from tests.retrieval.construction.orders import COLUMNS, ROWS


def add_orders(running: Running) -> None:
    document_id = running.add("The orders.", name="orders.csv")
    with running.service.storage.database.write() as connection:
        revision = documents.get(connection, document_id).active_revision
        assert revision is not None
        keys = tables.replace(connection, revision, [NewTable("orders", "Orders", COLUMNS, ROWS)])
        tables.add_rows(connection, [(keys[0], ordinal, row) for ordinal, row in enumerate(ROWS)])


def test_a_question_to_tables_has_statement_rows_and_evidence(running: Running) -> None:
    add_orders(running)
    answer = running.client.post("/v1/sql", json={"question": "Which orders came from Norway?"}).json()
    assert answer["sql"] == """SELECT "order_id" FROM "orders" WHERE "country" = 'Norway'"""
    assert (answer["columns"], answer["rows"], answer["cut"]) == (["order_id"], [["A2"]], False)
    assert [(row["document"], row["row"], row["cells"]["quantity"]) for row in answer["evidence"]] == [
        ("orders.csv", 2, 10)
    ]
    assert [stage["stage"] for stage in answer["trace"]["stages"]] == ["tables", "construct", "check", "execute"]


def test_a_question_that_no_table_answers_says_why(running: Running) -> None:
    add_orders(running)
    answer = running.client.post("/v1/sql", json={"question": "Why is the sky blue?"}).json()
    assert (answer["sql"], answer["rows"], answer["reason"]) == (None, [], "not about tables")


def test_a_statement_that_is_not_allowed_is_422(running: Running) -> None:
    add_orders(running)
    for sql in ("DROP TABLE orders", "SELECT * FROM documents", "SELECT 1; SELECT 2"):
        response = running.client.post("/v1/sql", json={"sql": sql})
        assert response.status_code == 422, sql
        assert response.json()["field"] == "sql"


def test_question_or_sql_is_needed_and_not_both(running: Running) -> None:
    for body in ({}, {"question": "How many?", "sql": "SELECT 1"}, {"sql": " "}, {"question": ""}):
        assert running.client.post("/v1/sql", json=body).status_code == 422
