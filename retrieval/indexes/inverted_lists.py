"""Approximate neighbours for many vectors: FAISS inverted lists of scalar-quantised residuals.

The vectors are divided among the cells of k-means (Jegou et al., "Product quantization for nearest neighbor search",
2011, section IV); a query looks into the cells nearest to it. How many of them is settled when the index is built, by
comparing with exact search.
"""

import math
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

# Past so many vectors 8 bits a dimension instead of 16, which takes half the memory and costs 3 % of recall: a million
# of 384 dimensions take 0.8 GB with 16.
HALVED_FROM = 1_200_000
# The share of the exact 10 nearest that must be found, and how many vectors are asked about.
WANTED_RECALL = 0.985
NEAREST = 10
_ASKED = 200
_PROBES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
# Vectors a cell that k-means learns from; more cost time and gain nothing that recall shows.
_LEARNED_FROM = 64
# Rows that exact search compares at once.
_BLOCK = 50_000


@dataclass(frozen=True, slots=True)
class Built:
    """An index, how many of its cells a query looks into, and the recall that this was chosen for."""

    index: faiss.IndexIVF
    probes: int
    recall: float


def build(vectors: NDArray[np.float32]) -> Built:
    """The lists over unit vectors [count, dimension]. The recall is below `WANTED_RECALL` if nothing reached it."""
    count, dimension = vectors.shape
    cells = 4 * math.isqrt(count)
    kind = faiss.ScalarQuantizer.QT_8bit if count >= HALVED_FROM else faiss.ScalarQuantizer.QT_fp16
    quantizer = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(quantizer, dimension, cells, kind, faiss.METRIC_INNER_PRODUCT)
    index.cp.spherical = True
    index.cp.max_points_per_centroid = _LEARNED_FROM
    index.train(vectors)
    index.add(vectors)
    index.set_direct_map_type(faiss.DirectMap.Array)  # to read vectors by their rows
    asked = np.random.default_rng(0).choice(count, min(_ASKED, count), replace=False)
    exact = nearest(vectors, vectors[asked], NEAREST + 1)
    for probes in (*(number for number in _PROBES if number < cells), cells):
        index.nprobe = probes
        found = index.search(vectors[asked], NEAREST + 1)[1]
        # What is asked about finds itself in any case, and does not count.
        shares = [
            len((set(one) & set(other)) - {row}) / len(set(one) - {row})
            for one, other, row in zip(exact.tolist(), found.tolist(), asked.tolist(), strict=True)
        ]
        recall = float(np.mean(shares))
        if recall >= WANTED_RECALL:
            break
    return Built(index, probes, recall)


def nearest(vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The rows of the exact k nearest [queries, k], by comparing with every vector."""
    heap = faiss.ResultHeap(len(queries), k, keep_max=True)
    for start in range(0, len(vectors), _BLOCK):
        scores, rows = faiss.knn(queries, vectors[start : start + _BLOCK], k, metric=faiss.METRIC_INNER_PRODUCT)
        heap.add_result(scores, rows + start)
    heap.finalize()
    found: NDArray[np.int64] = heap.I
    return found
