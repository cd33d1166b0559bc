"""The tree over the documents of a collection in memory: its nodes, and the revisions below each."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.store.collection_nodes import CollectionTreeRows


@dataclass(frozen=True, slots=True)
class CollectionTree:
    """Nodes in row order, those of lower levels first."""

    rows: CollectionTreeRows
    revisions_below: tuple[NDArray[np.int64], ...]  # [nodes], in each node's subtree, sorted
    roots: NDArray[np.int64]  # rows of the nodes that have none above them

    def without(self, revision_keys: Collection[int]) -> "CollectionTree":
        """The tree less the nodes that quote one of the revisions; what hung on them is found from its own top."""
        quoting = self.rows.quoting[np.isin(self.rows.quoted, list(revision_keys))]
        if not len(quoting):
            return self
        kept = np.setdiff1d(np.arange(len(self.rows.vectors)), quoting)
        row_of = np.full(len(self.rows.vectors) + 1, -1)  # the last for the -1 of edges that lead to a revision
        row_of[kept] = np.arange(len(kept))
        leads_to_node = self.rows.children >= 0
        edges = (row_of[self.rows.parents] >= 0) & (~leads_to_node | (row_of[self.rows.children] >= 0))
        quotations = row_of[self.rows.quoting] >= 0
        return build(
            CollectionTreeRows(
                self.rows.vectors[kept],
                row_of[self.rows.parents[edges]],
                row_of[self.rows.children[edges]],
                self.rows.revision_keys[edges],
                row_of[self.rows.quoting[quotations]],
                self.rows.quoted[quotations],
            )
        )


def build(rows: CollectionTreeRows) -> CollectionTree:
    """The tree over these rows."""
    below: list[set[int]] = [set() for _ in rows.vectors]
    # Rows are in the order of their levels, so every node is complete before it is added to those above it.
    for edge in np.argsort(rows.children, kind="stable").tolist():
        child, revision = int(rows.children[edge]), int(rows.revision_keys[edge])
        below[rows.parents[edge]] |= below[child] if child >= 0 else {revision}
    sets = tuple(np.array(sorted(keys), dtype=np.int64) for keys in below)
    roots = np.setdiff1d(np.arange(len(rows.vectors)), rows.children[rows.children >= 0])
    return CollectionTree(rows, sets, roots)
