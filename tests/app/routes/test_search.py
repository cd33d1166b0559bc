"""Search over HTTP."""

from tests.app.conftest import Running


def test_a_search_explains_its_hits(running: Running) -> None:
    running.add("The kettle stands in the kitchen.")
    found = running.client.post("/v1/search", json={"query": "kettle"}).json()
    assert found["hits"][0]["why"]["sparse_rank"] == 1
    assert found["trace"]["stages"][0]["stage"] == "snapshot"
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
