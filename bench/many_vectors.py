"""A million vectors: recall, time and memory of the index that their number chooses, against exact search.

The vectors are those of sample passages and of random ones with noise around them: the first lie as texts of few
subjects do, the second as those of many (`bench/texts_vectors.py`). Filters of four sizes are asked about, too.
"""

import time

import numpy as np
from numpy.typing import NDArray

from app.settings import Settings
from bench import texts_vectors
from bench.library import passages
from bench.report import Report, Row
from retrieval.embedding import SentenceEmbedder
from retrieval.indexes import dense, inverted_lists

COUNT = 1_000_000
_QUERIES = 200
_EMBEDDED = 400
_CLUSTERS = 20_000
_NEAREST = inverted_lists.NEAREST
_SHARES = (1.0, 0.1, 0.01, 0.001)
_MEBIBYTE = 2**20


def run(settings: Settings, count: int = COUNT) -> Report:
    """Build time, size of the index in memory and on disk, and recall@10, p50 and p95 by share of the filter."""
    vectors, queries = _vectors(settings, count)
    started = time.perf_counter()
    built = dense.build_by_size(vectors)
    seconds = time.perf_counter() - started
    written = built.to_bytes()
    del built
    index = dense.from_bytes(written, b"{}")
    rows = [
        Row("build", f"{count} vectors", "seconds", seconds),
        Row("index", f"{count} vectors", "MiB", len(written) / _MEBIBYTE),
    ]
    for share in _SHARES:
        rows += _measure(index, vectors, queries, share)
    return Report("many-vectors", {"dimension": vectors.shape[1], "queries": len(queries)}, rows)


def _measure(
    index: dense.DenseIndex, vectors: NDArray[np.float32], queries: NDArray[np.float32], share: float
) -> list[Row]:
    generator = np.random.default_rng(3)
    mask = np.ones(len(vectors), dtype=bool) if share == 1.0 else generator.random(len(vectors)) < share
    allowed = np.flatnonzero(mask)
    exact = allowed[inverted_lists.nearest(vectors[allowed], queries, _NEAREST)]
    found, times = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(index.search(query, mask, _NEAREST)[0])
        times.append(1000 * (time.perf_counter() - started))
    recall = np.mean([len(set(one) & set(other)) / _NEAREST for one, other in zip(exact, found, strict=True)])
    data = f"{len(vectors)} vectors, filter of {share:.1%}"
    return [
        Row("index", data, "recall@10", float(recall)),
        Row("index", data, "p50 ms", float(np.percentile(times, 50))),
        Row("index", data, "p95 ms", float(np.percentile(times, 95))),
    ]


def _vectors(settings: Settings, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit vectors [count, dimension], half around real ones and half around random ones, and queries among them."""
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    real = embedder.embed_passages(passages(_EMBEDDED))
    width = real.shape[1]
    generator = np.random.default_rng(0)
    random = generator.standard_normal((_CLUSTERS, width), dtype=np.float32) / np.sqrt(width)
    centres = np.concatenate([real, random])
    # Every second vector stands by a real one.
    of = np.where(
        np.arange(count + _QUERIES) % 2,
        generator.integers(0, len(real), count + _QUERIES),
        generator.integers(len(real), len(centres), count + _QUERIES),
    )
    vectors = texts_vectors.around(centres, of, real, generator)
    return vectors[:count], vectors[count:]
