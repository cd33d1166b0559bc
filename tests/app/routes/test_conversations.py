import time
from concurrent.futures import ThreadPoolExecutor

from tests.app.conftest import Running


def ask(running: Running, question: str, answer: str, **body: object) -> dict[str, object]:
    running.model.enqueue(answer)
    response = running.client.post("/v1/ask", json={"question": question, **body})
    assert response.status_code == 200, response.text
    found: dict[str, object] = response.json()
    return found


def test_a_conversation_is_kept_and_looked_back_at(running: Running) -> None:
    running.add("Throat cancer is treatable. It is treated by surgery.")
    begun = running.client.post("/v1/conversations", json={}).json()
    ask(running, "What is throat cancer?", "Throat cancer is treatable.", conversation_id=begun["id"])
    second = ask(running, "Is it treated by surgery?", "It is treated by surgery.", conversation_id=begun["id"])
    assert second["conversation_id"] == begun["id"]
    assert second["trace"]["stages"][0]["understood"] == "Is throat cancer treated by surgery?"  # type: ignore[index]
    assert "Earlier question: What is throat cancer?" in running.model.prompts[-1][-1].content
    turns = running.client.get(f"/v1/conversations/{begun['id']}").json()["turns"]
    assert [turn["question"] for turn in turns] == ["What is throat cancer?", "Is it treated by surgery?"]
    assert turns[1]["answer"] == second["answer"]
    assert turns[1]["request_id"] == second["request_id"]


def test_an_id_of_ones_own_begins_a_conversation_and_streaming_keeps_it_too(running: Running) -> None:
    running.add("Kettles boil water.")
    running.model.enqueue("Kettles boil water.")
    body = {"question": "What do kettles boil?", "conversation_id": "mine", "stream": True}
    assert "event: claim" in running.client.post("/v1/ask", json=body).text
    assert len(running.client.get("/v1/conversations/mine").json()["turns"]) == 1


def test_keeping_a_streamed_answer_holds_up_nobody_else(running: Running) -> None:
    running.add("Kettles boil water.")
    running.model.enqueue("Kettles boil water. " * 100)
    body = {"question": "What do kettles boil?", "conversation_id": "mine", "stream": True}
    with ThreadPoolExecutor(2) as threads:
        asking = threads.submit(running.client.post, "/v1/ask", json=body)
        while not running.model.prompts:
            time.sleep(0.001)
        with running.service.storage.database.write():  # the answer cannot be kept before this ends
            time.sleep(1.5)
            assert not asking.done()
            health = threads.submit(running.client.get, "/healthz")
            assert health.result(timeout=5).status_code == 200
        assert "event: done" in asking.result(timeout=30).text
    assert len(running.client.get("/v1/conversations/mine").json()["turns"]) == 1


def test_conversations_are_listed_newest_first_page_by_page(running: Running) -> None:
    running.add("Kettles boil water.")
    running.add("Elsewhere.", collection="other")
    made = [running.client.post("/v1/conversations", json={"collection": "default"}).json()["id"] for _ in range(3)]
    running.client.post("/v1/conversations", json={"collection": "other"})
    first = running.client.get("/v1/conversations", params={"collection": "default", "limit": 2}).json()
    rest = running.client.get(
        "/v1/conversations", params={"collection": "default", "limit": 2, "cursor": first["next_cursor"]}
    ).json()
    assert [one["id"] for one in [*first["conversations"], *rest["conversations"]]] == made[::-1]
    assert rest["next_cursor"] is None
    assert len(running.client.get("/v1/conversations").json()["conversations"]) == 4


def test_a_conversation_is_called_by_its_first_question(running: Running) -> None:
    running.add("Kettles boil water.")
    running.client.post("/v1/conversations", json={})
    ask(running, "What do kettles boil?", "Kettles boil water.", conversation_id="mine")
    ask(running, "And how fast?", "Kettles boil water.", conversation_id="mine")
    listed = running.client.get("/v1/conversations").json()["conversations"]
    assert [one["title"] for one in listed] == ["What do kettles boil?", None]


def test_what_cannot_be_is_refused(running: Running) -> None:
    running.add("Kettles boil water.")
    running.add("Elsewhere.", collection="other")
    ask(running, "What do kettles boil?", "Water.", conversation_id="mine")
    elsewhere = {"question": "And pots?", "conversation_id": "mine", "collection": "other"}
    assert running.client.post("/v1/ask", json=elsewhere).status_code == 409
    both = {"question": "And pots?", "conversation_id": "mine", "history": [{"role": "user", "content": "Hm?"}]}
    assert running.client.post("/v1/ask", json=both).status_code == 422
    nowhere = {"question": "And pots?", "conversation_id": "new", "collection": "nowhere"}
    assert running.client.post("/v1/ask", json=nowhere).status_code == 404
    assert running.client.get("/v1/conversations/new").status_code == 404
    assert running.client.post("/v1/conversations", json={"collection": "nowhere"}).status_code == 404
    assert running.client.delete("/v1/conversations/mine").status_code == 204
    assert running.client.delete("/v1/conversations/mine").status_code == 404


def test_with_a_document_go_the_answers_that_were_made_of_it(running: Running) -> None:
    document = running.add("Kettles boil water.")
    ask(running, "What do kettles boil?", "Kettles boil water.", conversation_id="mine")
    assert running.client.delete(f"/v1/documents/{document}").status_code in (200, 204)
    assert running.client.get("/v1/conversations/mine").json()["turns"][0]["answer"] is None
