"""How long a search takes, stage by stage, over 1,000 and 10,000 chunks, warm, against recall by one index alone."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from app.settings import Settings
from bench.library import COLLECTION, Library, opened, passages
from bench.report import Report, Row
from retrieval.analysis import terms
from retrieval.store import chunks, documents, revisions
from retrieval.store.chunks import NewChunk, RevisionChunks
from retrieval.store.database import Database
from retrieval.types import SearchRequest

SIZES = (1_000, 10_000)
SEARCHES = 200
# Vectors are made once for so many passages and then varied with noise: their number matters here, not their meaning.
EMBEDDED = 500


def run(settings: Settings) -> Report:
    """p50 and p95 of whole searches and of their dearest stages, in milliseconds."""
    rows: list[Row] = []
    with opened(settings) as library:
        for size in SIZES:
            _fill(library, size)
            library.build()
            rows += _measure(library, size)
        configuration = {"model": library.embedder.model_id, "threads": settings.threads, "searches": SEARCHES}
    return Report("search", configuration, rows)


def _measure(library: Library, size: int) -> list[Row]:
    # Every question is asked once in a run: the embedder remembers those that come again.
    questions = [f"{size} {' '.join(text.split()[8:20])}" for text in passages(SEARCHES + 10)]
    times: dict[str, list[float]] = {}
    for question in questions[SEARCHES:]:
        library.retriever.search(SearchRequest(question, COLLECTION, 10))
    for question in questions[:SEARCHES]:
        started = time.perf_counter()
        result = library.retriever.search(SearchRequest(question, COLLECTION, 10))
        times.setdefault("search", []).append(1000 * (time.perf_counter() - started))
        for entry in result.trace.stages:
            times.setdefault(entry.stage, []).append(entry.milliseconds)
    reported: dict[str, Callable[[Sequence[float]], float]] = {
        "p50 ms": lambda values: float(np.percentile(values, 50)),
        "p95 ms": lambda values: float(np.percentile(values, 95)),
    }
    return [
        Row(stage, f"{size} chunks", metric, summary(times[stage]))
        for metric, summary in reported.items()
        for stage in ("search", "embed_query", "recall", "fetch")
    ]


def _fill(library: Library, size: int) -> None:
    """Brings the collection to `size` chunks, written directly: ingest has a benchmark of its own."""
    database: Database = library.database
    with database.read() as connection:
        there = len(chunks.index_rows(connection, COLLECTION, library.embedder.model_id).chunk_keys)
    texts = passages(size)[there:]
    base = library.embedder.embed_passages(texts[:EMBEDDED])
    noise = np.random.default_rng(0).standard_normal((len(texts), base.shape[1])).astype(np.float32) * 0.02
    vectors = base[np.arange(len(texts)) % len(base)] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    analysed = [NewChunk(text, 0, len(text), None, (), " ".join(terms(text))) for text in texts]
    source = library.store("\n\n".join(texts).encode(), f"{size}.txt")
    with database.write() as connection:
        document, _ = documents.create(connection, COLLECTION, source, {})
        chunks.replace(connection, [RevisionChunks(document.revision_key, document.revision_id, analysed)])
        pending = chunks.without_vector(connection, [document.revision_key], library.embedder.model_id)
        made = dict(zip((item.represented_by[0] for item in pending), vectors.astype(np.float16), strict=True))
        chunks.add_vectors(connection, pending, made, library.embedder.model_id)
        revisions.activate(connection, [document.revision_key])
