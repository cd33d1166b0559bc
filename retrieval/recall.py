"""Recall: each retriever turns a query into a ranked list of chunks, from a snapshot and within a filter.

A retriever is a function of this one shape, so a new one is a function and a line in `RETRIEVERS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.indexes import fields, forest, sparse
from retrieval.representations import KINDS, TREE, TreeSearch
from retrieval.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Query:
    """A query as the retrievers need it."""

    text: str
    terms: Sequence[str]
    vector: NDArray[np.float32]  # [dimension], unit length
    representations: frozenset[str] | None = None  # None: whatever there is
    tree_search: TreeSearch = "collapsed"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunk keys, best first, with the retriever's own scores."""

    keys: Sequence[int]
    scores: Sequence[float]


Masks = Sequence[NDArray[np.bool_]]
Retriever = Callable[[Query, Snapshot, Masks, int], Candidates]


def recall(query: Query, snapshot: Snapshot, masks: Masks, depth: int) -> Mapping[str, Candidates]:
    """What every retriever finds, at most `depth` each; `masks` say which rows of each segment may be found."""
    return {name: retrieve(query, snapshot, masks, depth) for name, retrieve in RETRIEVERS.items()}


def retrieve_dense(query: Query, snapshot: Snapshot, masks: Masks, depth: int) -> Candidates:
    """Nearest representations by cosine; a chunk counts once, with its best representation."""
    best: dict[int, float] = {}
    for segment, mask in zip(snapshot.segments, masks, strict=True):
        # Most searches may find everything, and looking each vector up costs more than to see that.
        wanted = np.ones(len(segment.vector_rows), dtype=np.bool_) if mask.all() else mask[segment.vector_rows]
        if query.representations is not None:
            kinds = [position for position, kind in enumerate(KINDS) if kind in query.representations]
            wanted &= np.isin(segment.vector_kinds, kinds)
        rows, scores = segment.dense.search(query.vector, wanted, depth)
        for key, score in zip(segment.chunk_keys[segment.vector_rows[rows]].tolist(), scores.tolist(), strict=True):
            best[key] = max(score, best.get(key, -1.0))
    return _ranked(list(best), list(best.values()), depth)


def retrieve_sparse(query: Query, snapshot: Snapshot, masks: Masks, depth: int) -> Candidates:
    """BM25 of the text with its headings, and again of fields by their weights.

    Statistics are the collection's, so a filter changes who may be found and not how well they score.
    """
    keys: list[int] = []
    scores: list[float] = []
    for segment, row_scores in zip(
        snapshot.segments, weighted_bm25(query.terms, snapshot, masks, fields.WEIGHTS), strict=True
    ):
        found = np.flatnonzero(row_scores > 0)
        if len(found) > depth:
            found = found[np.argpartition(-row_scores[found], depth - 1)[:depth]]
        keys += segment.chunk_keys[found].tolist()
        scores += row_scores[found].tolist()
    return _ranked(keys, scores, depth)


def weighted_bm25(
    terms: Sequence[str], snapshot: Snapshot, masks: Masks, weights: Mapping[str, float]
) -> Sequence[NDArray[np.float32]]:
    """By segment, the score of each row in its text, with those in other fields by their weights."""
    indexes = [segment.sparse for segment in snapshot.segments]
    found = sparse.bm25(indexes, snapshot.alive, terms, masks)
    for field, weight in weights.items():
        indexes = [segment.fields[field] for segment in snapshot.segments]
        in_field = sparse.bm25(indexes, snapshot.alive, terms, masks)
        found = [whole + weight * part for whole, part in zip(found, in_field, strict=True)]
    return found


def retrieve_tree(query: Query, snapshot: Snapshot, masks: Masks, depth: int) -> Candidates:
    """Chunks below the summaries that speak to the query, by half their own cosine and half the summary's."""
    keys: list[int] = []
    scores: list[float] = []
    if query.representations is not None and TREE not in query.representations:
        return Candidates(keys, scores)
    trees = forest.forest(snapshot.segments, masks, snapshot.above, query.vector)
    reached = forest.SEARCHES[query.tree_search](trees)
    for segment, mask, above in zip(snapshot.segments, masks, reached, strict=True):
        if not above:
            continue
        texts = np.flatnonzero((segment.vector_kinds == KINDS.index("text")) & mask[segment.vector_rows])
        rows = segment.vector_rows[texts]
        texts = texts[np.isin(rows, np.fromiter(above, dtype=np.int64, count=len(above)))]
        if not len(texts):
            continue
        rows = segment.vector_rows[texts]
        cosines = segment.dense.vectors(texts) @ query.vector
        summaries = np.array([above[row] for row in rows.tolist()])
        keys += segment.chunk_keys[rows].tolist()
        scores += ((1 - forest.WEIGHT_SUMMARY) * cosines + forest.WEIGHT_SUMMARY * summaries).tolist()
    return _ranked(keys, scores, depth)


def _ranked(keys: Sequence[int], scores: Sequence[float], depth: int) -> Candidates:
    order = sorted(range(len(keys)), key=lambda position: (-scores[position], keys[position]))[:depth]
    return Candidates([keys[position] for position in order], [scores[position] for position in order])


RETRIEVERS: dict[str, Retriever] = {"dense": retrieve_dense, "sparse": retrieve_sparse, "tree": retrieve_tree}
