"""How much of the embedder's own speed is left once passages go through upload, queue, worker and database."""

import time

from app.fresh_service import fresh_service
from app.settings import Settings
from bench.library import passages
from bench.report import Report, Row
from retrieval.embedding import SentenceEmbedder


def run(settings: Settings, count: int = 1000) -> Report:
    """Ingests the passages as documents of their own through a running service, then embeds them alone."""
    texts = passages(count)
    with fresh_service() as client:
        accepted = client.upload_texts([(f"{number}.txt", text) for number, text in enumerate(texts)], "bench")
        started = time.perf_counter()
        while client.unfinished("bench"):
            time.sleep(0.25)
        service_seconds = time.perf_counter() - started
    assert len(accepted) == count
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    tokens = sum(embedder.count_tokens(texts)) / count
    embedder.embed_passages(texts[:64])
    started = time.perf_counter()
    embedder.embed_passages(texts)
    embedder_seconds = time.perf_counter() - started
    data = f"{count} documents of {tokens:.0f} tokens"
    return Report(
        "ingest",
        {"model": embedder.model_id, "threads": settings.threads},
        [
            Row("service", data, "documents per second", count / service_seconds),
            Row("embedder alone", data, "documents per second", count / embedder_seconds),
            Row("service / embedder", data, "ratio", embedder_seconds / service_seconds),
        ],
    )
