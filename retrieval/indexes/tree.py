"""RAPTOR trees of documents in memory: the summaries of a segment and what hangs on each.

`retrieval/indexes/forest.py` searches them.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.store.trees import TreeRows


@dataclass(frozen=True, slots=True)
class TreeIndex:
    """Nodes in row order. `chunk_rows` of an edge is a row of the segment's chunks, or -1 where it leads to a node."""

    levels: NDArray[np.int64]  # [nodes]
    vectors: NDArray[np.float32]  # [nodes, dimension]
    parents: NDArray[np.int64]  # [edges]
    children: NDArray[np.int64]  # [edges], rows of nodes, or -1
    chunk_rows: NDArray[np.int64]  # [edges]
    chunks_below: tuple[NDArray[np.int64], ...]  # [nodes], rows of chunks in each node's subtree
    first_chunks: NDArray[np.int64]  # [nodes], the first of these rows, or -1: all are of one revision
    roots: NDArray[np.int64]  # rows of the nodes that have none above them

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
    firsts = np.array([rows[0] if len(rows) else -1 for rows in sets], dtype=np.int64)
    roots = np.setdiff1d(np.arange(len(levels)), children[children >= 0])
    return TreeIndex(levels, vectors, parents, children, chunk_rows, sets, firsts, roots)
