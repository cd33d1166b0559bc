"""Routes of documents, over HTTP."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.app.conftest import Running


def upload(running: Running, *files: tuple[str, bytes], **form: str) -> Any:
    return running.client.post("/v1/documents", files=[("file", file) for file in files], data=form)


def problem(response: Any, status: int, *words: str) -> Any:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    shown = response.json()
    assert shown["type"].startswith("urn:scholiast:problem:")
    assert shown["status"] == status
    for word in words:
        assert word in json.dumps(shown, ensure_ascii=False)
    return shown


def test_files_are_accepted_then_ready_then_readable_in_every_form(running: Running) -> None:
    response = upload(
        running, ("笔记.txt", "第一段。\n\n第二段。".encode()), ("b.md", b"# B\n\nText."), collection="notes"
    )
    assert response.status_code == 202
    first, second = response.json()["documents"]
    assert (first["name"], first["status"], first["collection"]) == ("笔记.txt", "queued", "notes")
    running.ingest()
    details = running.client.get(f"/v1/documents/{first['id']}").json()
    assert details["status"] == "ready"
    assert details["searchable"]
    assert details["error"] is None
    text = running.client.get(f"/v1/documents/{first['id']}/text").json()["text"]
    chunks = running.client.get(f"/v1/documents/{first['id']}/chunks").json()["chunks"]
    assert [text[chunk["start"] : chunk["end"]] for chunk in chunks] == [chunk["text"] for chunk in chunks]
    content = running.client.get(f"/v1/documents/{second['id']}/content")
    assert content.content == b"# B\n\nText."
    assert "attachment" in content.headers["content-disposition"]


def test_the_same_bytes_are_the_same_document(running: Running) -> None:
    first = upload(running, ("a.txt", b"same")).json()["documents"][0]["id"]
    assert upload(running, ("b.txt", b"same")).json()["documents"][0]["id"] == first


def test_an_idempotency_key_repeats_the_first_answer_and_refuses_another_request(running: Running) -> None:
    def add(text: str) -> Any:
        body = {"name": "a.txt", "text": text}
        return running.client.post("/v1/documents/text", json=body, headers={"Idempotency-Key": "k"})

    assert add("one").json() == add("one").json()
    problem(add("two"), 409, "Idempotency-Key")


def test_many_texts_at_once(running: Running) -> None:
    texts = [{"name": f"{n}.txt", "text": f"Text {n}.", "metadata": {"n": n}} for n in range(1000)]
    response = running.client.post("/v1/documents/text", json={"collection": "bulk", "documents": texts})
    assert response.status_code == 202
    assert len(response.json()["documents"]) == 1000
    problem(running.client.post("/v1/documents/text", json={"documents": [*texts, texts[0]]}), 422, "documents", "1000")


def test_a_list_is_paged_and_narrowed(running: Running) -> None:
    ids = [running.add(f"Text {n}.") for n in range(5)]
    seen, cursor = [], None
    while True:
        page = running.client.get("/v1/documents", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [document["id"] for document in page["documents"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert running.client.get("/v1/documents?status=failed").json()["documents"] == []


def test_progress_is_streamed_until_the_document_is_ready(running: Running) -> None:
    document_id = running.add("Some text.")
    with running.client.stream("GET", f"/v1/documents/{document_id}/events") as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines[0] == "event: progress"
    assert json.loads(lines[1].removeprefix("data: "))["status"] == "ready"


def test_a_failed_document_says_why(running: Running) -> None:
    document_id = running.add("REJECT this")
    details = running.client.get(f"/v1/documents/{document_id}").json()
    assert details["status"] == "failed"
    assert details["error"] == {"code": "damaged", "detail": "The file is damaged."}


def test_a_replacement_switches_when_it_is_ready(running: Running) -> None:
    document_id = running.add("The fee is ten euros.")
    response = running.client.put(f"/v1/documents/{document_id}", files={"file": ("n.txt", b"The fee is two euros.")})
    assert response.status_code == 202
    query = {"query": "fee", "k": 5}
    before = running.client.post("/v1/search", json=query).json()["hits"]
    assert [hit["text"] for hit in before] == ["The fee is ten euros."]
    assert running.client.get(f"/v1/documents/{document_id}/text").json()["text"] == "The fee is ten euros."
    running.ingest()
    after = running.client.post("/v1/search", json=query).json()["hits"]
    assert [hit["text"] for hit in after] == ["The fee is two euros."]


def test_after_delete_nothing_shows_the_document(running: Running) -> None:
    document_id = running.add("The secret is rhubarb.")
    running.add("The weather is fine.")
    assert running.client.delete(f"/v1/documents/{document_id}").status_code == 204
    hits = running.client.post("/v1/search", json={"query": "secret rhubarb"}).json()["hits"]
    assert [hit["text"] for hit in hits] == ["The weather is fine."]
    for path in ("", "/text", "/chunks", "/content", "/events"):
        problem(running.client.get(f"/v1/documents/{document_id}{path}"), 404)
    problem(running.client.delete(f"/v1/documents/{document_id}"), 404)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\x00b.txt", "C:\\x\\y.txt", "\u202egpj.txt", "n" * 5000 + ".txt", ".txt"]
)
def test_a_hostile_name_is_display_data_only(running: Running, name: str) -> None:
    response = running.client.post("/v1/documents/text", json={"name": name, "text": "text"})
    if response.status_code == 202:
        shown = response.json()["documents"][0]["name"]
        assert "/" not in shown
        assert "\\" not in shown
        assert "\u202e" not in shown
        assert 0 < len(shown) <= 255
    else:
        problem(response, 422, "name")


def test_bad_uploads_are_refused_in_words(running: Running) -> None:
    problem(upload(running, ("a.txt", b"")), 422, "empty")
    problem(upload(running, ("a.pdf", b"\x89PNG\r\n\x1a\n" + b"0" * 50)), 415)
    problem(upload(running, ("junk.bin", bytes(range(256)) * 20)), 415)
    problem(upload(running, ("a.txt", b"x"), metadata="[1]"), 422, "metadata")
    problem(upload(running, ("a.txt", b"x"), metadata='{"a": NaN}'), 422, "metadata")
    problem(upload(running, ("a.txt", b"x"), metadata='{"a": {"b": 1}}'), 422, "metadata")
    problem(upload(running, ("a.txt", b"x"), collection="../x"), 422, "collection")
    problem(running.client.post("/v1/documents"), 422, "file")
    problem(upload(running, *[(f"{n}.txt", b"x") for n in range(4)]), 413, "3 files")
    problem(upload(running, ("big.txt", b"x" * (2 * 1024 * 1024))), 413)
    assert running.client.get("/v1/documents").json()["documents"] == []


def test_a_body_that_claims_to_be_small_is_still_cut_at_the_limit(running: Running) -> None:
    def endless() -> Any:
        for _ in range(64):
            yield b"x" * 65536

    response = running.client.post(
        "/v1/documents/text", content=endless(), headers={"Content-Type": "application/json"}
    )
    problem(response, 413)


@pytest.mark.parametrize(
    "body",
    [
        rb'{"name": "a", "text": "\ud800"}',
        rb'{"name": "a", "text": "b\u0000"}',
        rb'{"name": "a", "text": "b", "metadata": {"x": "\ud800"}}',
        rb'{"name": "a", "text": "b", "metadata": {"\ud800": 1}}',
        b'{"name": "a", "text": "b", "metadata": {"x": NaN}}',
        b'{"name": "a", "text": "b", "metadata": {"x": 1' + b"0" * 400 + b"}}",
        b'{"name": "a", "text": "b", "metadata": {"x": null}}',
    ],
)
def test_what_cannot_be_stored_or_shown_again_is_refused(running: Running, body: bytes) -> None:
    response = running.client.post("/v1/documents/text", content=body, headers={"Content-Type": "application/json"})
    problem(response, 422)


def test_a_bad_cursor_is_refused(running: Running) -> None:
    for cursor in ("%%%", "x", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5"):
        problem(running.client.get("/v1/documents", params={"cursor": cursor}), 422, "cursor")


def test_one_text_or_many_but_not_both_and_not_neither(running: Running) -> None:
    problem(running.client.post("/v1/documents/text", json={}), 422, "documents")
    both = {"name": "a", "text": "b", "documents": [{"name": "a", "text": "b"}]}
    problem(running.client.post("/v1/documents/text", json=both), 422, "documents")
    problem(running.client.post("/v1/documents/text", json={"name": "a"}), 422, "text")


def test_the_tree_of_a_document_leads_from_its_root_to_all_its_chunks(running: Running) -> None:
    parts = [" ".join(f"Line {line} of part {part} is about the lock." for line in range(30)) for part in range(9)]
    document_id = running.add("\n\n".join(parts))
    assert running.client.get(f"/v1/documents/{document_id}/tree").json() == {"nodes": []}
    running.client.patch("/v1/collections/default", json={"settings": {"representations": ["text", "tree"]}})
    running.enrich()
    nodes = running.client.get(f"/v1/documents/{document_id}/tree").json()["nodes"]
    by_id = {node["id"]: node for node in nodes}
    todo, chunks = [nodes[0]], set()
    while todo:
        node = todo.pop()
        chunks.update(node["chunks"])
        todo += [by_id[name] for name in node["nodes"]]
    listed = running.client.get(f"/v1/documents/{document_id}/chunks").json()["chunks"]
    assert chunks == {chunk["id"] for chunk in listed}
    assert running.client.get("/v1/documents/none/tree").status_code == 404


def test_a_hundred_uploads_of_the_same_bytes_at_once_are_one_document(running: Running) -> None:
    def upload(number: int) -> str:
        body = {"name": f"copy {number}.txt", "text": "The same text, whoever sends it."}
        response = running.client.post("/v1/documents/text", json=body)
        assert response.status_code == 202, response.text
        found: str = response.json()["documents"][0]["id"]
        return found

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(upload, range(100)))
    assert len(ids) == 1
    running.ingest()
    listed = running.client.get("/v1/documents").json()["documents"]
    assert [document["id"] for document in listed] == list(ids)
