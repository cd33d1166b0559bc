"""Search over HTTP."""

from tests.app.conftest import Running


def test_a_search_explains_its_hits(running: Running) -> None:
    running.add("The kettle stands in the kitchen.")
    found = running.client.post("/v1/search", json={"query": "kettle"}).json()
    assert found["hits"][0]["why"]["sparse_rank"] == 1
    assert [entry["stage"] for entry in found["trace"]["stages"]][:2] == ["route", "snapshot"]
    assert found["request_id"]


def test_a_filter_narrows_the_search(running: Running) -> None:
    running.add("The kettle is old.", metadata={"year": 1950})
    running.add("The kettle is new.", metadata={"year": 2020})
    request = {"query": "kettle", "filter": {"year": {"gte": 2000}}}
    hits = running.client.post("/v1/search", json=request).json()["hits"]
    assert [hit["text"] for hit in hits] == ["The kettle is new."]


def test_k_bounds_the_hits(running: Running) -> None:
    for number in range(5):
        running.add(f"Kettle number {number}.")
    assert len(running.client.post("/v1/search", json={"query": "kettle", "k": 2}).json()["hits"]) == 2
    assert running.client.post("/v1/search", json={"query": "kettle", "k": 0}).status_code == 422


def test_an_unknown_collection_is_404(running: Running) -> None:
    assert running.client.post("/v1/search", json={"query": "x", "collection": "nowhere"}).status_code == 404


def test_why_a_document_is_no_hit_and_what_would_make_it_one(running: Running) -> None:
    for number in range(3):
        running.add(f"The kettle number {number} stands in the kitchen.")
    expected = running.add("A note on another subject, with one kettle among many other things.")
    request = {"query": "kettle in the kitchen", "k": 2}
    found = running.client.post("/v1/search/why", json={**request, "document": expected}).json()
    assert (found["fell_out"], found["rank"]) == ("cut", 4)
    assert [stage["stage"] for stage in found["stages"]] == ["dense", "sparse", "tree", "fusion", "rank", "cut"]
    assert found["features"]
    assert found["last_hit"]["chunk_id"]
    change = found["changes"][0]
    assert change["request"] == {"k": 4}
    hits = running.client.post("/v1/search", json={**request, **change["request"]}).json()["hits"]
    assert hits[change["rank"] - 1]["chunk_id"] == found["chunk_id"]
    assert change["sentence"] in found["sentences"]


def test_why_takes_one_known_document_or_chunk(running: Running) -> None:
    running.add("The kettle stands in the kitchen.")
    why = "/v1/search/why"
    for body, status in (
        ({"query": "kettle"}, 422),
        ({"query": "kettle", "document": "a", "chunk": "b"}, 422),
        ({"query": "kettle", "document": "nowhere"}, 404),
        ({"query": "kettle", "chunk": "nowhere"}, 404),
        ({"query": "kettle", "chunk": ""}, 422),
        ({"query": "kettle", "chunk": "b", "limit": 3}, 422),
    ):
        response = running.client.post(why, json=body)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"


def test_more_candidates_reach_chunks_that_fewer_do_not(running: Running) -> None:
    for number in range(4):
        running.add(f"Kettle number {number}.")
    few = {"query": "kettle", "options": {"candidates": 1}}
    assert len(running.client.post("/v1/search", json=few).json()["hits"]) < 4
    assert running.client.post("/v1/search", json={"query": "x", "options": {"candidates": 0}}).status_code == 422


def test_a_search_is_translated_and_says_what_became_of_it(running: Running) -> None:
    running.add("The kettle was made by Ann Lee.")
    for translation in (["iterative", "hyde"], "auto", "iterative"):
        request = {"query": "kettle", "options": {"translation": translation, "max_ms": 60_000, "max_llm_calls": 0}}
        found = running.client.post("/v1/search", json=request).json()
        (stage,) = [stage for stage in found["trace"]["stages"] if stage["stage"] == "translate"]
        assert stage["llm_calls"] == 0
        assert isinstance(stage["strategies"], list)
        assert found["hits"]
    found = running.client.post("/v1/search", json={"query": "kettle", "options": {"translation": "none"}}).json()
    assert [stage["skipped"] for stage in found["trace"]["stages"] if stage["stage"] == "translate"]


def test_an_unknown_translation_is_told_the_known_ones(running: Running) -> None:
    running.add("The kettle is old.")
    for translation, named in ((["hide"], "hyde"), (["auto", "hyde"], "auto"), ("", "hyde"), (7, "translation")):
        answer = running.client.post("/v1/search", json={"query": "x", "options": {"translation": translation}})
        assert answer.status_code == 422
        assert named in answer.text
    for options in ({"max_ms": 0}, {"max_ms": -1}, {"max_llm_calls": -1}, {"max_llm_calls": 21}):
        assert running.client.post("/v1/search", json={"query": "x", "options": options}).status_code == 422
