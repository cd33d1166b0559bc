"""Routes of collections, over HTTP."""

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
