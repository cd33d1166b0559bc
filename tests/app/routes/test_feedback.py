"""Feedback over HTTP: what was shown is kept, and what people make of it is told once."""

from typing import Any

from app.settings import Settings
from retrieval.store import impressions
from retrieval.store.impressions import Usage
from tests.app.conftest import Running


def searched(running: Running) -> Any:
    for number in range(3):
        running.add(f"The kettle number {number} stands in the kitchen.")
    return running.client.post("/v1/search", json={"query": "kettle in the kitchen"}).json()


def send(running: Running, **body: Any) -> int:
    response = running.client.post("/v1/feedback", json=body)
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
    return response.status_code


def usage(running: Running) -> Usage:
    running.service.impressions.flush()
    with running.service.storage.database.read() as connection:
        return impressions.usage(connection, "default")


def test_a_click_right_after_a_search_is_kept_with_its_features(running: Running) -> None:
    found = searched(running)
    chunk = found["hits"][1]["chunk_id"]
    assert send(running, request_id=found["request_id"], chunk_id=chunk, value="click") == 204
    assert send(running, request_id=found["request_id"], chunk_id=chunk, value="click") == 204
    assert usage(running) == Usage(1, 1, 0, 0)
    (fetched,) = [stage for stage in found["trace"]["stages"] if stage["stage"] == "fetch"]
    names = tuple(fetched["hits"][0]["features"])
    with running.service.storage.database.read() as connection:
        rows = impressions.judged(connection, "default", "search", names)
    assert [row.is_wanted for row in rows] == [False, True, False]
    assert all(len(row.features) == len(names) for row in rows)


def test_an_answer_can_be_judged_and_its_citations_clicked(running: Running) -> None:
    running.add("The lighthouse was built in 1871.")
    running.model.answers = ["It was built in 1871 [1]."]
    answer = running.client.post("/v1/ask", json={"question": "When was the lighthouse built?"}).json()
    request_id = answer["request_id"]
    assert send(running, request_id=request_id, value="helpful") == 204
    assert send(running, request_id=request_id, citation=answer["citations"][0]["n"], value="click") == 204
    assert usage(running) == Usage(1, 1, 1, 0)


def test_what_cannot_be_meant_is_refused(running: Running) -> None:
    found = searched(running)
    request_id, chunk = found["request_id"], found["hits"][0]["chunk_id"]
    assert send(running, request_id="nowhere", chunk_id=chunk, value="click") == 404
    assert send(running, request_id=request_id, chunk_id="nowhere", value="click") == 422
    assert send(running, request_id=request_id, citation=50, value="click") == 422
    assert send(running, request_id=request_id, citation=1, chunk_id=chunk, value="click") == 422
    assert send(running, request_id=request_id, value="click") == 422
    assert send(running, request_id=request_id, chunk_id=chunk, value="superb") == 422
    assert send(running, request_id=request_id, chunk_id=chunk) == 422
    assert usage(running).clicks == 0


def test_a_deleted_document_takes_its_clicks_along(running: Running) -> None:
    found = searched(running)
    hit = found["hits"][0]
    send(running, request_id=found["request_id"], chunk_id=hit["chunk_id"], value="click")
    assert running.client.delete(f"/v1/documents/{hit['document_id']}").status_code == 204
    assert usage(running).clicks == 0
    assert send(running, request_id=found["request_id"], chunk_id=hit["chunk_id"], value="click") == 422


def test_nothing_is_left_to_a_coin_unless_somebody_says_so() -> None:
    assert Settings(_env_file=None).exploration == 0
