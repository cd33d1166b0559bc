"""Liveness, readiness, metrics, and what every response carries."""

import threading
from pathlib import Path

from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.sources import Sources
from app.wiring import Engines, Storage
from retrieval.errors import ModelUnavailable
from tests.app.conftest import Running


def test_a_running_service_is_alive_and_ready(running: Running) -> None:
    assert running.client.get("/healthz").json() == {"status": "ok"}
    assert running.client.get("/readyz").json() == {"ready": True, "reasons": []}


def test_while_models_load_uploads_work_and_questions_wait(tmp_path: Path) -> None:
    gate = threading.Event()

    def load(_settings: Settings, _storage: Storage, _sources: Sources) -> Engines:
        gate.wait()
        raise ModelUnavailable("The embedding model is not installed; run `scholiast models pull`.")

    settings = Settings(data_dir=tmp_path, workers=0, _env_file=None)
    with TestClient(create_app(settings, load)) as client:
        assert client.get("/readyz").status_code == 503
        response = client.post("/v1/search", json={"query": "x"})
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert client.post("/v1/documents/text", json={"name": "a", "text": "b"}).status_code == 202
        gate.set()
        while "loading" in client.get("/readyz").text:
            pass
        assert "scholiast models pull" in client.get("/readyz").json()["reasons"][0]
        assert client.post("/v1/search", json={"query": "x"}).json()["type"].endswith("model-unavailable")


def test_metrics_count_requests_stages_queue_models_tokens_and_memory(running: Running) -> None:
    running.add("The lighthouse was built in 1871.")
    running.model.enqueue("In 1871 [1].")
    running.client.post("/v1/ask", json={"question": "When was it built?"})
    text = running.client.get("/metrics").text
    assert 'scholiast_request_seconds_count{method="POST",route="/v1/ask",status="200"} 1.0' in text
    assert 'scholiast_stage_seconds_count{stage="recall"} 1.0' in text
    assert 'scholiast_documents{status="ready"} 1.0' in text
    assert 'scholiast_model_tokens_total{direction="out"}' in text
    assert "scholiast_model_loaded" in text
    assert "process_resident_memory_bytes" in text
    assert "lighthouse" not in text


def test_every_response_carries_the_security_headers(running: Running) -> None:
    for path in ("/", "/healthz", "/v1/documents", "/nowhere", "/docs"):
        headers = running.client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_an_unknown_path_or_method_is_a_problem_too(running: Running) -> None:
    assert running.client.get("/nowhere").json()["type"].endswith("not-found")
    assert running.client.put("/healthz").json()["status"] == 405
