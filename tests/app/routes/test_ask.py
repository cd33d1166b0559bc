"""Answers over HTTP, whole and streamed."""

import json
from typing import Any

import pytest

from tests.app.conftest import Running

TEXT = "The lighthouse was built in 1871. Its keeper was called Marta."


def events(response: Any) -> list[tuple[str, Any]]:
    lines = [line for line in response.iter_lines() if line]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(names, data, strict=True))


def test_an_answer_has_checked_citations_whose_quotes_are_in_the_document(running: Running) -> None:
    document_id = running.add(TEXT)
    running.model.enqueue("It was built in 1871 [1].")
    response = running.client.post("/v1/ask", json={"question": "When was the lighthouse built?"})
    assert response.status_code == 200
    answer = response.json()
    (citation,) = answer["citations"]
    text = running.client.get(f"/v1/documents/{document_id}/text").json()["text"]
    assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert "1871" in citation["quote"]
    assert not answer["abstained"]
    assert answer["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize(("year", "short"), [(1912, "in 1912"), (1871, None)])
def test_the_words_that_answer_are_named_with_their_place_where_a_quote_has_them_marked(
    running: Running, year: int, short: str | None
) -> None:
    running.add(f"The mill of Varrel was built in {year}, says the deed.")
    request = {"question": "When was the mill built?", "options": {"mode": "quote"}}
    answer = running.client.post("/v1/ask", json=request).json()
    found = answer["short_answer"]
    assert str(year) in answer["answer"]
    assert (found and found["text"]) == short
    assert not found or answer["answer"][found["start"] : found["end"]] == short


def test_a_citation_that_was_never_given_is_dropped(running: Running) -> None:
    running.add(TEXT)
    running.model.enqueue("It was built in 1871 [7].")
    answer = running.client.post("/v1/ask", json={"question": "When was the lighthouse built?"}).json()
    assert "[7]" not in answer["answer"]
    assert all(citation["n"] == 1 for citation in answer["citations"])


def test_a_stream_ends_with_the_same_answer(running: Running) -> None:
    running.add(TEXT)
    running.model.enqueue("It was built in 1871 [1].")
    request = {"question": "When was the lighthouse built?", "stream": True}
    with running.client.stream("POST", "/v1/ask", json=request) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        found = events(response)
    names = [name for name, _ in found]
    assert names[0] == "stage"
    assert names[-1] == "done"
    assert "citation" in names
    streamed = "".join(data["text"] for name, data in found if name == "token")
    assert streamed == found[-1][1]["answer"]


def test_nothing_found_is_said(running: Running) -> None:
    running.add(TEXT)
    request = {"question": "When was the lighthouse built?", "filter": {"year": 1}}
    answer = running.client.post("/v1/ask", json=request).json()
    assert answer["abstained"]
    assert answer["citations"] == []


def test_the_trace_shows_the_stages_of_search_and_answer(running: Running) -> None:
    running.add(TEXT)
    running.model.enqueue("1871 [1].")
    trace = running.client.post("/v1/ask", json={"question": "When was it built?"}).json()["trace"]
    names = [stage["stage"] for stage in trace["stages"]]
    assert names[-4:] == ["prompt", "generate", "cite", "judge"]


@pytest.mark.parametrize("stream", [True, False])
def test_an_unknown_collection_is_a_plain_404(running: Running, stream: bool) -> None:
    response = running.client.post("/v1/ask", json={"question": "x", "collection": "nowhere", "stream": stream})
    assert response.status_code == 404
    assert response.json()["type"].endswith("not-found")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, ["question"]),
        ({"question": ""}, ["question"]),
        ({"question": "  "}, ["question", "empty"]),
        ({"question": "x" * 100_000}, ["question", "10000"]),
        ({"question": 3}, ["question"]),
        ({"question": "x", "collection": 3}, ["collection"]),
        ({"question": "x", "options": {"temprature": 1}}, ["temprature", "temperature"]),
        ({"question": "x", "options": {"temperature": 9}}, ["temperature", "2"]),
        ({"question": "x", "options": {"min_p": 1.5}}, ["min_p", "1"]),
        ({"question": "x", "options": {"repetition_penalty": 0}}, ["repetition_penalty", "0.5"]),
        ({"question": "x", "options": {"beams": 6}}, ["beams", "5"]),
        ({"question": "x", "options": {"beams": 2, "temperature": 1}}, ["beams", "temperature 0"]),
        ({"question": "x", "options": []}, ["options"]),
        ({"question": "x", "histroy": []}, ["histroy", "history"]),
        ({"question": "x", "history": [{"role": "system", "content": "x"}]}, ["role"]),
        ({"question": "x", "filter": {"a": {"above": 1}}}, ["above", "gte"]),
        ({"question": "x\x00"}, ["NUL"]),
    ],
)
def test_bad_input_is_a_422_that_names_the_field_and_what_is_allowed(
    running: Running, body: dict[str, Any], words: list[str]
) -> None:
    running.add(TEXT)
    response = running.client.post("/v1/ask", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    for word in words:
        assert word in response.text


def test_bad_json_is_a_422(running: Running) -> None:
    response = running.client.post("/v1/ask", content=b"{", headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["type"].endswith("invalid-request")


def test_ways_of_sampling_reach_the_model(running: Running) -> None:
    running.add(TEXT)
    running.model.enqueue("It was built in 1871 [1].")
    asked = {"min_p": 0.1, "repetition_penalty": 1.2, "beams": 2}
    response = running.client.post("/v1/ask", json={"question": "When was the lighthouse built?", "options": asked})
    assert response.status_code == 200
    assert {name: getattr(running.model.options[-1], name) for name in asked} == asked


def test_the_documents_own_words_can_be_asked_for(running: Running) -> None:
    running.add(TEXT)
    asked = {"question": "When was the lighthouse built?", "options": {"mode": "quote"}}
    answer = running.client.post("/v1/ask", json=asked).json()
    assert answer["citations"][0]["quote"] in TEXT
    assert answer["citations"][0]["quote"] in answer["answer"]
    assert answer["usage"] is None
    unknown = running.client.post("/v1/ask", json=asked | {"options": {"mode": "sing"}})
    assert unknown.status_code == 422
    assert "quote" in unknown.text
