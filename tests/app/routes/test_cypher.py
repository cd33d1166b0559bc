"""Questions to the graph over HTTP."""

from bench.hostile_cypher import HOSTILE
from tests.app.conftest import Running

TEXT = "Item | Supplier | Quantity\nBrake disc | Giunta Freni | 8\nTruing stand | Plumb Line | 12"


def add_stock(running: Running) -> str:
    document_id = running.add(TEXT, name="stock.txt")
    running.enrich()
    return document_id


def test_a_question_to_the_graph_has_statement_rows_and_places(running: Running) -> None:
    document_id = add_stock(running)
    answer = running.client.post("/v1/cypher", json={"question": "Who is the supplier of the Truing stand?"}).json()
    assert answer["cypher"].startswith("MATCH (x:Entity {key: ")
    assert (answer["columns"], answer["rows"], answer["cut"]) == (
        ["name", "relation"],
        [["Plumb Line", "supplier"]],
        False,
    )
    (place,) = answer["provenance"]
    assert (place["document_id"], place["document"]) == (document_id, "stock.txt")
    text = running.client.get(f"/v1/documents/{document_id}/text").json()["text"]
    assert text[place["start"] : place["end"]] == place["quote"] == "Truing stand | Plumb Line | 12"
    assert [stage["stage"] for stage in answer["trace"]["stages"]] == ["graph", "construct", "check", "execute"]


def test_a_statement_of_ones_own_runs(running: Running) -> None:
    add_stock(running)
    cypher = "MATCH (e:Entity)-[h:HAS]->(v:Value) WHERE h.name = 'quantity' RETURN e.name, v.number ORDER BY v.number"
    answer = running.client.post("/v1/cypher", json={"cypher": cypher}).json()
    assert answer["rows"] == [["Brake disc", 8.0], ["Truing stand", 12.0]]


def test_a_question_that_the_graph_does_not_answer_says_why(running: Running) -> None:
    add_stock(running)
    answer = running.client.post("/v1/cypher", json={"question": "Why is the sky blue?"}).json()
    assert (answer["cypher"], answer["rows"], answer["reason"]) == (None, [], "no template")


def test_hostile_statements_are_422_and_change_nothing(running: Running) -> None:
    add_stock(running)
    for cypher in HOSTILE[::12]:
        response = running.client.post("/v1/cypher", json={"cypher": cypher})
        assert response.status_code == 422, cypher
    answer = running.client.post("/v1/cypher", json={"cypher": "MATCH (e:Entity) RETURN count(*) AS n"}).json()
    assert answer["rows"] == [[4]]


def test_question_or_cypher_is_needed_and_not_both(running: Running) -> None:
    for body in ({}, {"question": "How many?", "cypher": "MATCH (e) RETURN e"}, {"cypher": " "}, {"question": ""}):
        assert running.client.post("/v1/cypher", json=body).status_code == 422


def test_an_unknown_collection_is_404(running: Running) -> None:
    body = {"question": "Who is the supplier of X?", "collection": "nowhere"}
    assert running.client.post("/v1/cypher", json=body).status_code == 404
