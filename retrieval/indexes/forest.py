"""Searches trees: which chunks to read when a summary speaks to the query (Sarthi et al., arXiv 2401.18059).

A summary cannot be quoted, so a search gives chunks below it: each by half its own cosine and half that of the best
summary above it. A chunk whose neighbourhood is about the question rises over one that merely shares its words.

The trees of the documents lie in the segments, the tree over the collection above all of them. A summary of a document
stands for all its chunks; one of several documents for those few of theirs that are nearest to the query, because
it says least of most of what is below it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.indexes.collection_tree import CollectionTree
from retrieval.indexes.segment import Segment
from retrieval.representations import KINDS, TreeSearch

# Summaries whose chunks are looked at: of all levels at once, or at each level on the way down.
COLLAPSED_NODES = 20
TRAVERSAL_NODES = 8
# Of the former, those over several documents, and the chunks that one of these stands for.
COLLECTION_NODES = 5
COLLECTION_CHUNKS = 20
WEIGHT_SUMMARY = 0.5

# By segment: for rows of chunks, the best cosine of a summary above them.
Reached = list[dict[int, float]]
# A node: the position of its segment, or ABOVE for one over several documents, and its row there.
Node = tuple[int, int]
ABOVE = -1


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees that a search may look at, with the chunks that it may find and the nodes' cosines to the query."""

    segments: Sequence[Segment]
    masks: Sequence[NDArray[np.bool_]]  # [chunks] a segment
    above: CollectionTree
    query: NDArray[np.float32]
    scores: Mapping[int, NDArray[np.float32]]  # by segment, or ABOVE: [nodes]

    def best(self, count: int) -> list[tuple[float, Node]]:
        """The best nodes of all trees with their scores, but for those of documents that may not be found.

        Of those over several documents only the first few take a place.
        """
        found: list[tuple[float, Node]] = []
        for position, scores in self.scores.items():
            rows = np.arange(len(scores))
            if position != ABOVE:
                firsts = self.segments[position].tree.first_chunks
                rows = rows[(firsts >= 0) & self.masks[position][firsts]]
            most = COLLECTION_NODES if position == ABOVE else count
            rows = rows[np.argsort(-scores[rows], kind="stable")[:most]]
            found += zip(scores[rows].tolist(), ((position, row) for row in rows.tolist()), strict=True)
        return _best(found, count)

    def roots(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """By segment: the roots of documents that may be found, and the revisions they belong to."""
        for position, (segment, mask) in enumerate(zip(self.segments, self.masks, strict=True)):
            rows = segment.tree.roots
            firsts = segment.tree.first_chunks[rows]
            found = (firsts >= 0) & mask[firsts] if len(mask) else np.zeros(len(rows), dtype=np.bool_)
            yield position, rows[found], segment.revision_keys[firsts[found]]

    def nearest(self, revision_keys: NDArray[np.int64]) -> Iterator[Node]:
        """The chunks of the revisions that are nearest to the query, as (segment, row)."""
        found: list[tuple[float, Node]] = []
        for position, (segment, mask) in enumerate(zip(self.segments, self.masks, strict=True)):
            rows = mask & np.isin(segment.revision_keys, revision_keys)
            if rows.any():
                texts = rows[segment.vector_rows] & (segment.vector_kinds == KINDS.index("text"))
                vectors, cosines = segment.dense.search(self.query, texts, COLLECTION_CHUNKS)
                of_chunks = segment.vector_rows[vectors].tolist()
                found += [(cosine, (position, row)) for cosine, row in zip(cosines.tolist(), of_chunks, strict=True)]
        for _, chunk in _best(found, COLLECTION_CHUNKS):
            yield chunk


def forest(
    segments: Sequence[Segment], masks: Sequence[NDArray[np.bool_]], above: CollectionTree, query: NDArray[np.float32]
) -> Forest:
    """The trees as a search by this query sees them."""
    scores = {ABOVE: above.rows.vectors @ query} if len(above.rows.vectors) else {}
    scores |= {
        position: segment.tree.vectors @ query for position, segment in enumerate(segments) if len(segment.tree.levels)
    }
    return Forest(segments, masks, above, query, scores)


def collapsed(trees: Forest) -> Reached:
    """The best summaries of all levels alike."""
    found: Reached = [{} for _ in trees.segments]
    for score, (position, row) in trees.best(COLLAPSED_NODES):
        if position == ABOVE:
            _note(found, trees.nearest(trees.above.revisions_below[row]), score)
        else:
            below = trees.segments[position].tree.chunks_below[row]
            _note(found, ((position, chunk) for chunk in below.tolist()), score)
    return found


def traversal(trees: Forest) -> Reached:
    """Down from the roots, always into the best summaries of a level; gives what hangs on the last ones."""
    found: Reached = [{} for _ in trees.segments]
    frontier: set[Node] = {(ABOVE, row) for row in trees.above.roots.tolist()}
    for position, rows, revisions in trees.roots():
        alone = ~np.isin(revisions, trees.above.rows.revision_keys)
        frontier |= {(position, row) for row in rows[alone].tolist()}
    seen: set[Node] = set()  # a damaged tree may lead in a circle
    while frontier:
        seen |= frontier
        scored = [(float(trees.scores[position][row]), (position, row)) for position, row in frontier]
        frontier = set()
        for score, (position, row) in _best(scored, TRAVERSAL_NODES):
            nodes, chunks = _below_documents(trees, row) if position == ABOVE else _in_document(trees, position, row)
            frontier |= nodes
            _note(found, chunks, score)
        frontier -= seen
    return found


def _below_documents(trees: Forest, row: int) -> tuple[set[Node], Iterable[Node]]:
    """The nodes right below one over several documents, and chunks of its documents that have no tree."""
    edges = trees.above.rows.parents == row
    children, members = trees.above.rows.children[edges], trees.above.rows.revision_keys[edges]
    nodes: set[Node] = {(ABOVE, child) for child in children[children >= 0].tolist()}
    for position, roots, revisions in trees.roots():
        nodes |= {(position, root) for root in roots[np.isin(revisions, members)].tolist()}
        members = np.setdiff1d(members, revisions)
    return nodes, trees.nearest(members)


def _in_document(trees: Forest, position: int, row: int) -> tuple[set[Node], Iterable[Node]]:
    """The nodes and the chunks right below a node of a document."""
    tree = trees.segments[position].tree
    edges = tree.parents == row
    children, chunks = tree.children[edges], tree.chunk_rows[edges]
    nodes = {(position, child) for child in children[children >= 0].tolist()}
    return nodes, [(position, chunk) for chunk in chunks[chunks >= 0].tolist()]


SEARCHES: Mapping[TreeSearch, Callable[[Forest], Reached]] = {"collapsed": collapsed, "traversal": traversal}


def _best(scored: Sequence[tuple[float, Node]], count: int) -> list[tuple[float, Node]]:
    return sorted(scored, key=lambda item: (-item[0], item[1]))[:count]


def _note(found: Reached, chunks: Iterable[Node], score: float) -> None:
    for position, row in chunks:
        found[position][row] = max(score, found[position].get(row, -1.0))
