"""RAPTOR trees in memory: which chunks to read when a summary speaks to the query (Sarthi et al., arXiv 2401.18059).

A summary cannot be quoted, so a search gives the chunks below it: each by half its own cosine and half that of the
best summary above it. A chunk whose neighbourhood is about the question rises over one that merely shares its words.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.representations import TreeSearch
from retrieval.store.trees import TreeRows

# Summaries whose chunks are looked at: of all levels at once, or at each level on the way down.
COLLAPSED_NODES = 20
TRAVERSAL_NODES = 8
WEIGHT_SUMMARY = 0.5


@dataclass(frozen=True, slots=True)
class TreeIndex:
    """Nodes in row order. `chunk_rows` of an edge is a row of the segment's chunks, or -1 where it leads to a node."""

    levels: NDArray[np.int64]  # [nodes]
    vectors: NDArray[np.float32]  # [nodes, dimension]
    parents: NDArray[np.int64]  # [edges]
    children: NDArray[np.int64]  # [edges], rows of nodes, or -1
    chunk_rows: NDArray[np.int64]  # [edges]
    chunks_below: tuple[NDArray[np.int64], ...]  # [nodes], rows of chunks in each node's subtree

    def to_bytes(self) -> bytes:
        """The arrays that `from_bytes` reads."""
        file = io.BytesIO()
        np.savez(
            file,
            levels=self.levels,
            vectors=self.vectors,
            parents=self.parents,
            children=self.children,
            chunk_rows=self.chunk_rows,
        )
        return file.getvalue()


def build(rows: TreeRows, chunk_keys: NDArray[np.int64]) -> TreeIndex:
    """The index of trees over the chunks with the given keys; edges to other chunks are dropped."""
    row_of = {key: row for row, key in enumerate(chunk_keys.tolist())}
    chunk_rows = np.array([row_of.get(key, -1) for key in rows.chunk_keys.tolist()], dtype=np.int64)
    return _index(rows.levels, rows.vectors, rows.parents, rows.children, chunk_rows)


def from_bytes(data: bytes) -> TreeIndex:
    """The index that `to_bytes` wrote; the bytes must have been verified."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return _index(arrays["levels"], arrays["vectors"], arrays["parents"], arrays["children"], arrays["chunk_rows"])


def collapsed(index: TreeIndex, scores: NDArray[np.float32]) -> dict[int, float]:
    """The best summaries of all levels alike: chunk rows below them with the best cosine above each."""
    best = np.argsort(-scores, kind="stable")[:COLLAPSED_NODES]
    return _spread(index, scores, best)


def traversal(index: TreeIndex, scores: NDArray[np.float32]) -> dict[int, float]:
    """Down from the roots, always into the best summaries of a level; gives what hangs on the last ones."""
    above = np.unique(index.children[index.children >= 0])
    current = np.setdiff1d(np.arange(len(index.levels)), above)
    found: dict[int, float] = {}
    while len(current):
        kept = current[np.argsort(-scores[current], kind="stable")[:TRAVERSAL_NODES]]
        edges = np.isin(index.parents, kept)
        for parent, row in zip(index.parents[edges].tolist(), index.chunk_rows[edges].tolist(), strict=True):
            if row >= 0:
                found[row] = max(float(scores[parent]), found.get(row, -1.0))
        below = index.children[edges]
        current = np.unique(below[below >= 0])
    return found


SEARCHES: Mapping[TreeSearch, Callable[[TreeIndex, NDArray[np.float32]], dict[int, float]]] = {
    "collapsed": collapsed,
    "traversal": traversal,
}


def _spread(index: TreeIndex, scores: NDArray[np.float32], nodes: NDArray[np.int64]) -> dict[int, float]:
    found: dict[int, float] = {}
    for node in nodes.tolist():
        for row in index.chunks_below[node].tolist():
            found[row] = max(float(scores[node]), found.get(row, -1.0))
    return found


def _index(
    levels: NDArray[np.int64],
    vectors: NDArray[np.float32],
    parents: NDArray[np.int64],
    children: NDArray[np.int64],
    chunk_rows: NDArray[np.int64],
) -> TreeIndex:
    below: list[set[int]] = [set() for _ in levels]
    # Lower levels first, so that every child is complete before it is added to its parents.
    for edge in np.argsort(levels[parents], kind="stable").tolist():
        child, row = int(children[edge]), int(chunk_rows[edge])
        if child >= 0:
            below[parents[edge]] |= below[child]
        elif row >= 0:
            below[parents[edge]].add(row)
    sets = tuple(np.array(sorted(rows), dtype=np.int64) for rows in below)
    return TreeIndex(levels, vectors, parents, children, chunk_rows, sets)
