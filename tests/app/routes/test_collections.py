"""Routes of collections, over HTTP."""

import threading

from tests.app.conftest import Running


def test_a_collection_shows_counts_and_the_fields_that_filters_can_use(running: Running) -> None:
    running.add("One.", collection="notes", metadata={"year": 2020, "author": "Ann"})
    running.add("Two.", collection="notes", metadata={"year": 2021, "author": "Ann"})
    shown = running.client.get("/v1/collections/notes").json()
    assert (shown["documents"], shown["chunks"]) == (2, 2)
    fields = {field["name"]: field for field in shown["fields"]}
    assert fields["author"] == {"name": "author", "type": "text", "documents": 2, "examples": ["Ann"]}
    assert fields["year"]["type"] == "number"
    assert fields["year"]["examples"] == [2020, 2021]


def test_collections_are_listed_in_pages(running: Running) -> None:
    for name in ("b", "a", "图书"):
        running.add("Text.", collection=name)
    first = running.client.get("/v1/collections?limit=2").json()
    assert [item["name"] for item in first["collections"]] == ["a", "b"]
    rest = running.client.get("/v1/collections", params={"cursor": first["next_cursor"]}).json()
    assert [item["name"] for item in rest["collections"]] == ["图书"]
    assert rest["next_cursor"] is None


def test_settings_apply_to_documents_added_from_then_on(running: Running) -> None:
    text = " ".join(f"Sentence number {number} is here." for number in range(60))
    running.add(text, collection="notes")
    response = running.client.patch("/v1/collections/notes", json={"settings": {"chunk_tokens": 32}})
    assert response.json()["settings"]["chunk_tokens"] == 32
    second = running.add(text + " More.", collection="notes")
    assert running.client.get(f"/v1/documents/{second}").json()["chunks"] > 5


def test_bad_settings_are_refused(running: Running) -> None:
    running.add("Text.", collection="notes")
    assert running.client.patch("/v1/collections/notes", json={"settings": {"chunk_tokens": 3}}).status_code == 422
    response = running.client.patch("/v1/collections/notes", json={"settings": {"chunks": 100}})
    assert "chunk_tokens" in response.text


def test_a_deleted_collection_is_gone_with_its_documents(running: Running) -> None:
    document_id = running.add("Secret text.", collection="notes")
    assert running.client.delete("/v1/collections/notes").status_code == 204
    assert running.client.get("/v1/collections/notes").status_code == 404
    assert running.client.get(f"/v1/documents/{document_id}").status_code == 404
    running.add("Fresh text.", collection="notes")
    hits = running.client.post("/v1/search", json={"query": "secret", "collection": "notes"}).json()["hits"]
    assert [hit["text"] for hit in hits] == ["Fresh text."]


LONG = "\n\n".join(
    " ".join(f"Sentence {line} of part {part} tells of the ferry and the harbour." for line in range(30))
    for part in range(8)
)


def test_changing_how_chunks_are_made_makes_them_anew_while_the_old_ones_answer(running: Running) -> None:
    document_id = running.add(LONG, collection="notes")
    before = running.client.get(f"/v1/documents/{document_id}").json()
    query = {"query": "ferry harbour", "collection": "notes"}
    running.client.patch("/v1/collections/notes", json={"settings": {"chunking": "parent_child", "chunk_tokens": 60}})
    waiting = running.client.get(f"/v1/documents/{document_id}").json()
    assert (waiting["status"], waiting["searchable"], waiting["revision"]) == ("queued", True, 2)
    assert running.client.post("/v1/search", json=query).json()["hits"]
    running.ingest()
    after = running.client.get(f"/v1/documents/{document_id}").json()
    assert after["status"] == "ready"
    assert after["chunks"] != before["chunks"]
    assert after["representations"] > after["chunks"]  # several parts find one chunk
    hits = running.client.post("/v1/search", json=query).json()["hits"]
    text = running.client.get(f"/v1/documents/{document_id}/text").json()["text"]
    assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in hits)
    assert len({hit["chunk_id"] for hit in hits}) == len(hits)


def test_the_same_settings_again_change_nothing(running: Running) -> None:
    document_id = running.add(LONG, collection="notes")
    for _ in range(2):
        running.client.patch("/v1/collections/notes", json={"settings": {"chunking": "recursive"}})
    running.ingest()
    running.client.patch("/v1/collections/notes", json={"settings": {"chunking": "recursive"}})
    assert running.client.get(f"/v1/documents/{document_id}").json()["status"] == "ready"


def test_a_collection_is_made_anew_on_request(running: Running) -> None:
    running.add(LONG, collection="notes")
    running.add("Another note.", collection="notes")
    response = running.client.post("/v1/collections/notes/reindex")
    assert (response.status_code, response.json()) == (202, {"documents": 2})
    running.ingest()
    assert running.client.get("/v1/collections/notes").json()["documents"] == 2
    assert running.client.post("/v1/collections/none/reindex").status_code == 404


def test_enrichment_can_be_paused_and_gone_on_with(running: Running) -> None:
    document_id = running.add(LONG, collection="notes")
    running.client.patch("/v1/collections/notes", json={"settings": {"enrichment": "paused"}})
    running.enrich()
    assert running.client.get(f"/v1/documents/{document_id}").json()["enrichment"]["status"] == "waiting"
    running.client.patch(
        "/v1/collections/notes", json={"settings": {"enrichment": "on", "representations": ["keywords", "tree"]}}
    )
    running.enrich()
    found = running.client.get(f"/v1/documents/{document_id}").json()
    assert found["enrichment"]["status"] == "done"
    assert found["representations"] == 2 * found["chunks"]
    assert found["tree_nodes"] > 0


def test_questions_need_the_model_as_their_writer(running: Running) -> None:
    running.add(LONG, collection="notes")

    def patch(**settings: object) -> int:
        return running.client.patch("/v1/collections/notes", json={"settings": settings}).status_code

    response = running.client.patch("/v1/collections/notes", json={"settings": {"representations": ["questions"]}})
    assert response.status_code == 422
    assert response.json()["field"] == "representations"
    assert "representation_writer" in response.json()["detail"]
    assert running.client.get("/v1/collections/notes").json()["settings"]["representations"] == ["text"]
    assert patch(representations=["questions"], representation_writer="model") == 200
    assert patch(representation_writer="extractive") == 422  # with the questions that are asked for already
    assert patch(representation_writer="nobody") == 422
    assert patch(representations=["summary"], representation_writer="extractive") == 200


def test_searches_never_fail_nor_come_back_empty_while_everything_is_made_anew(running: Running) -> None:
    for number in range(6):
        running.add(f"Report {number}. {LONG}", collection="notes")
    stop = threading.Event()
    answers: list[tuple[int, int]] = []

    def search() -> None:
        while not stop.is_set():
            response = running.client.post("/v1/search", json={"query": "ferry harbour", "collection": "notes"})
            answers.append((response.status_code, len(response.json().get("hits", []))))

    searcher = threading.Thread(target=search)
    searcher.start()
    for tokens in (40, 400, 40):
        running.client.patch("/v1/collections/notes", json={"settings": {"chunk_tokens": tokens}})
        running.ingest()
    stop.set()
    searcher.join()
    assert len(answers) > 10
    assert {status for status, _ in answers} == {200}
    assert min(count for _, count in answers) > 0


def test_the_tree_over_the_documents_is_shown_in_pages(running: Running) -> None:
    assert running.client.get("/v1/collections/none/tree").status_code == 404
    added = [running.add(f"Note {number} is about the ferry.", collection="notes") for number in range(9)]
    assert running.client.get("/v1/collections/notes/tree").json() == {"nodes": [], "next_cursor": None}
    running.client.patch("/v1/collections/notes", json={"settings": {"representations": ["tree"]}})
    running.enrich()
    found, cursor = [], None
    while True:
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = running.client.get("/v1/collections/notes/tree", params=query).json()
        found += page["nodes"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert {document for node in found for document in node["documents"]} == set(added)
    below = {child for node in found for child in node["nodes"]}
    assert len({node["id"] for node in found} - below) == 1
    assert all("about the ferry" in node["text"] for node in found)
