"""How much of the embedder's own speed is left once passages go through upload, queue, worker and database.

Also what memory the worker takes from the first document to the last: `--ingested 10000` shows whether it grows.
"""

import time
from collections.abc import Sequence
from statistics import median

import psutil

from app.client import Client
from app.fresh_service import fresh_service
from app.settings import Settings
from bench.library import passages
from bench.report import Report, Row
from retrieval.embedding import SentenceEmbedder

# The speed of a machine drifts, so the two are measured in turn and each round is compared with itself: three rounds
# of 1,000 passages, or one of as many as are asked for.
_ROUNDS = 3
# Passages that the embedder alone is timed with before and after a round.
_TIMED = 1_000
_UPLOADED_AT_ONCE = 1_000  # as many texts as one request may hold
_LOOK_SECONDS = 0.5  # looking costs the service some milliseconds
_MEBIBYTE = 1024 * 1024


def run(settings: Settings, count: int = 1000) -> Report:
    """Ingests passages as documents of their own through a running service, in turn with embedding them alone."""
    # Other texts each round: what was embedded once is not embedded again.
    passes = _ROUNDS if count <= _TIMED else 1
    texts = passages(count * passes)
    rounds = [texts[number * count : (number + 1) * count] for number in range(passes)]
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    tokens = sum(embedder.count_tokens(texts)) / len(texts)
    embedder.embed_passages(texts[:64])
    service_seconds, embedder_seconds = [], []
    memory: list[float] = []
    with fresh_service() as client:
        _ingest(client, ["A document that wakes the worker."], "warm-up", memory)
        for passed, batch in enumerate(rounds):
            before = _embed(embedder, batch[:_TIMED])
            service_seconds.append(_ingest(client, batch, f"round-{passed}", memory))
            after = _embed(embedder, batch[-_TIMED:])
            embedder_seconds.append((before + after) / 2 * count / min(count, _TIMED))
    ratios = [beside / service for beside, service in zip(embedder_seconds, service_seconds, strict=True)]
    data = f"{count} documents of {tokens:.0f} tokens"
    return Report(
        "ingest",
        {"model": embedder.model_id, "threads": settings.threads, "rounds": passes},
        [
            Row("service", data, "documents per second", count / median(service_seconds)),
            Row("embedder alone", data, "documents per second", count / median(embedder_seconds)),
            Row("service / embedder", data, "ratio", median(ratios)),
            Row("worker", data, "MiB, a tenth done", memory[len(memory) // 10]),
            Row("worker", data, "MiB, half done", memory[len(memory) // 2]),
            Row("worker", data, "MiB, at the end", memory[-1]),
            Row("worker", data, "MiB, most", max(memory)),
        ],
    )


def _ingest(client: Client, texts: Sequence[str], collection: str, memory: list[float]) -> float:
    """Seconds from the moment the first documents are accepted until the last is ready; samples the worker's memory."""
    named = [(f"{number}.txt", text) for number, text in enumerate(texts)]
    accepted = len(client.upload_texts(named[:_UPLOADED_AT_ONCE], collection))
    started = time.perf_counter()
    for start in range(_UPLOADED_AT_ONCE, len(named), _UPLOADED_AT_ONCE):
        accepted += len(client.upload_texts(named[start : start + _UPLOADED_AT_ONCE], collection))
    while client.unfinished(collection):
        memory.append(_worker_memory())
        time.sleep(_LOOK_SECONDS)
    assert accepted == len(texts)
    return time.perf_counter() - started


def _worker_memory() -> float:
    """Resident MiB of the worker of the service that this process started."""
    return sum(map(_memory_of_worker, psutil.Process().children(recursive=True))) / _MEBIBYTE


def _memory_of_worker(process: psutil.Process) -> int:
    """Resident bytes; 0 for any other process, and for one that has just ended."""
    try:
        return process.memory_info().rss if "app.worker" in process.cmdline() else 0
    except psutil.NoSuchProcess:  # a zombie is one, too
        return 0


def _embed(embedder: SentenceEmbedder, texts: Sequence[str]) -> float:
    started = time.perf_counter()
    embedder.embed_passages(texts)
    return time.perf_counter() - started
