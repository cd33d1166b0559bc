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


def test_an_answer_cites_the_row_of_a_table(running: Running) -> None:
    add_orders(running)
    answer = running.client.post("/v1/ask", json={"question": "What is the quantity of order A4?"}).json()
    assert answer["answer"] == "Quantity: 7 (Order: A4) [1]"
    assert not answer["abstained"]
    (citation,) = answer["citations"]
    assert (citation["document"], citation["n"]) == ("orders.csv", 1)
    assert answer["passages"][0]["statement"].startswith("SELECT")
    assert answer["usage"] is None
    stages = {entry["stage"]: entry for entry in answer["trace"]["stages"]}
    assert stages["route"]["sources"] == ["documents", "tables"]
    assert "rows of a table" in stages["generate"]["skipped"]


def test_a_search_shows_rows_beside_chunks_and_keeps_what_it_showed(running: Running) -> None:
    add_orders(running)
    found = running.client.post("/v1/search", json={"query": "How many orders came from Germany?"}).json()
    assert found["hits"][0]["text"] == "Number: 2 (Country: Germany)"
    assert any(hit["statement"] is None for hit in found["hits"])
    chunk = next(hit for hit in found["hits"] if hit["statement"] is None)
    given = {"request_id": found["request_id"], "chunk_id": chunk["chunk_id"], "value": "helpful"}
    running.service.impressions.flush()
    assert running.client.post("/v1/feedback", json=given).status_code == 204


def test_an_unknown_route_is_422_and_a_source_that_is_not_there_too(running: Running) -> None:
    add_orders(running)
    for route in ("everything", "graph"):
        for path, body in (("/v1/search", {"query": "orders"}), ("/v1/ask", {"question": "orders"})):
            assert running.client.post(path, json={**body, "options": {"route": route}}).status_code == 422, route


def test_a_statement_may_ask_for_a_meaning(running: Running) -> None:
    add_orders(running)
    sql = "SELECT order_id FROM orders WHERE semantic(customer, 'Kontor')"
    answer = running.client.post("/v1/sql", json={"sql": sql}).json()
    assert answer["rows"] == [["A2"]]
