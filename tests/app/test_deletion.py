"""After DELETE returns, nothing that starts uses the document: searches and answers, from several threads at once."""

import threading
from typing import Any

from tests.app.conftest import Running

DOCUMENTS = 40


def test_no_search_and_no_answer_uses_a_deleted_document(running: Running) -> None:
    ids = [running.add(f"Harbour note {number}: the crane lifts {number} tons.") for number in range(DOCUMENTS)]
    running.model.answers = ["The crane lifts many tons."] * 10_000
    deleted: set[str] = set()
    wrong: list[str] = []
    asked = [0]
    stop = threading.Event()

    def look(path: str, name: str) -> None:
        while not stop.is_set():
            gone = set(deleted)  # before the request begins
            body: dict[str, Any] = {name: "How much does the crane at the harbour lift?"}
            found = running.client.post(path, json=body).json()
            used = {hit["document_id"] for hit in found.get("hits", found.get("passages", []))}
            used |= {citation["document_id"] for citation in found.get("citations", [])}
            wrong.extend(used & gone)
            asked[0] += 1

    routes = [("/v1/search", "query"), ("/v1/search", "query"), ("/v1/ask", "question")]
    threads = [threading.Thread(target=look, args=route) for route in routes]
    for thread in threads:
        thread.start()
    for document_id in ids[:-1]:
        assert running.client.delete(f"/v1/documents/{document_id}").status_code == 204
        deleted.add(document_id)
        before = asked[0]
        while asked[0] < before + 6:  # some requests see every state
            pass
    stop.set()
    for thread in threads:
        thread.join()
    assert asked[0] >= 200
    assert wrong == []
