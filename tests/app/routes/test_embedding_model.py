"""The embedding model over HTTP: it changes while searches run, and what would do harm is refused."""

import threading
import time
from typing import Any

import pytest

from app.metrics import Metrics
from ingest.reembedder import Reembedder
from retrieval.embedders import Embedders
from retrieval.store import models
from tests.app.conftest import Running
from tests.fakes import load_scripted


@pytest.fixture
def reembedder(running: Running) -> Reembedder:
    storage, lock = running.service.storage, running.service.settings.data_dir / "lock"
    return Reembedder(storage.database, storage.files, Embedders(storage.database, load_scripted), lock)


def state(running: Running) -> Any:
    return running.client.get("/v1/embedding-model").json()


def want(running: Running, model: str = "other", **options: Any) -> Any:
    return running.client.put("/v1/embedding-model/wanted", json={"model": model, **options})


def search(running: Running, query: str = "goats") -> Any:
    response = running.client.post("/v1/search", json={"query": query})
    assert response.status_code == 200, response.text
    return response.json()


def models_of(found: Any) -> list[str]:
    """Of the last snapshot and of the query that was put to it."""
    return [stage["model"] for stage in found["trace"]["stages"] if "model" in stage][-2:]


def wait_for_searches_by(running: Running, name: str) -> None:
    """A search does not wait while another opens the index, but the model must have changed within two seconds."""
    deadline = time.monotonic() + 2
    while models_of(search(running)) != [f"{name}@1"] * 2:
        assert time.monotonic() < deadline


def test_searches_and_answers_go_on_through_change_rollback_and_forgetting(
    running: Running, reembedder: Reembedder
) -> None:
    for number in range(30):
        running.add(f"Note {number} about goats and matter {number * 7}.")
    stop, found = threading.Event(), []

    def ask(seed: int) -> None:
        number = seed
        while not stop.is_set():
            number += 7
            found.append(search(running, f"Note {number % 30} matter {number % 30 * 7}"))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert want(running).json()["wanted"]["name"] == "other"
        reembedder.advance(threading.Event())
        assert state(running)["active"] == {"id": "other@1", "name": "other", "behind": 0}
        running.add("A late note about herons.")
        assert state(running)["kept"]["behind"] == 1
        reembedder.advance(threading.Event())
        for name in ("hash", "other", "hash"):
            assert running.client.post("/v1/embedding-model/rollback").json()["active"]["name"] == name
            wait_for_searches_by(running, name)
            assert search(running, "herons")["hits"][0]["why"]["dense_rank"] == 1
        assert running.client.delete("/v1/embedding-model/kept").json()["kept"] is None
        reembedder.advance(threading.Event())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    used = [models_of(result) for result in found]
    assert {tuple(pair) for pair in used} == {("hash@1", "hash@1"), ("other@1", "other@1")}
    # A query by one model among vectors of the other would be near to nothing.
    assert min(result["hits"][0]["why"]["dense_score"] for result in found) > 0.5


def test_a_quote_is_chosen_by_the_model_that_the_search_used(running: Running, reembedder: Reembedder) -> None:
    running.add("员工每年享有十五天带薪年假。")
    want(running, force=True)
    reembedder.advance(threading.Event())
    found = running.client.post("/v1/ask", json={"question": "年假有几天？"}).json()
    assert [stage["model"] for stage in found["trace"]["stages"] if "model" in stage] == ["other@1"] * 3


def test_a_change_shows_its_progress_and_can_be_given_up(running: Running) -> None:
    running.add("A note about goats.")
    assert want(running).status_code == 202
    with running.service.storage.database.write() as connection:
        models.note(connection, "other@1", "embed", 3, 10)
    wanted = {"id": "other@1", "name": "other", "stage": "embed", "done": 3, "total": 10, "problem": None}
    assert state(running)["wanted"] == wanted
    assert running.client.delete("/v1/embedding-model/wanted").json()["wanted"] is None
    assert running.client.delete("/v1/embedding-model/wanted").status_code == 409


@pytest.mark.parametrize("model", ["../other", "/etc", "..", ".hidden", "a/b"])
def test_a_path_is_refused(running: Running, model: str) -> None:
    response = want(running, model)
    assert (response.status_code, response.json()["field"]) == (422, "model")


def test_a_model_that_is_not_installed_is_said_and_changes_nothing(running: Running) -> None:
    response = want(running, "missing")
    assert (response.status_code, response.json()["field"]) == (422, "model")
    assert "not installed" in response.json()["detail"]
    assert state(running)["wanted"] is None


def test_an_english_model_is_refused_where_documents_are_chinese_unless_forced(running: Running) -> None:
    running.add("A note about goats with one word of 中文 in it.")
    running.add("员工每年享有十五天带薪年假。", collection="手册")
    running.service.engines.embedders._load = lambda _name: load_scripted("other")  # type: ignore[method-assign]
    response = want(running, "all-MiniLM-L6-v2")
    assert response.status_code == 409
    assert "knows English only" in response.json()["detail"]
    assert "1 of collection '手册'" in response.json()["detail"]
    assert "default" not in response.json()["detail"]
    assert state(running)["wanted"] is None
    assert want(running, "all-MiniLM-L6-v2", force=True).status_code == 202


def test_metrics_show_the_models_that_are_loaded_now(running: Running) -> None:
    metrics: Metrics = running.service.metrics
    metrics.show_models("embedder", ["hash@1", "other@1"])
    loaded = 'scholiast_model_loaded{model="other@1",role="embedder"} 1.0'
    assert loaded in metrics.render().decode()
    metrics.show_models("embedder", ["hash@1"])
    assert loaded not in metrics.render().decode()


def test_the_service_has_a_wanted_model_loaded_before_it_answers(running: Running) -> None:
    with running.service.storage.database.write() as connection:
        models.want(connection, "other@1", "other")
    while "other@1" not in running.service.engines.embedders.loaded:
        pass
    while 'model="other@1"' not in running.client.get("/metrics").text:
        pass
