"""Searching trees: a collection's nodes stand for a bounded number of chunks, and only for those that may be found."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.indexes import collection_tree, forest, segment
from retrieval.indexes.collection_tree import CollectionTree
from retrieval.indexes.forest import COLLECTION_CHUNKS, COLLECTION_NODES
from retrieval.indexes.segment import Segment
from retrieval.representations import KINDS
from retrieval.store.chunks import IndexRows
from retrieval.store.collection_nodes import CollectionTreeRows
from retrieval.store.trees import TreeRows

DIMENSION = 8
NO_INTEGERS = np.zeros(0, dtype=np.int64)


def integers(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def towards(axis: int, also: int = 7, share: float = 0.0) -> NDArray[np.float32]:
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[axis], vector[also] = 1.0, share
    return vector / np.linalg.norm(vector)


def documents(axes: Sequence[int], first: int = 0, trees: bool = False) -> Segment:
    """A document of two chunks for each axis, with revisions from `first`, and a root each if there are trees."""
    count = len(axes)
    vectors = np.stack([towards(axis, share=0.1 * part) for axis in axes for part in range(2)])
    roots = TreeRows(
        integers(*range(first, first + count)),
        np.ones(count, dtype=np.int64),
        np.stack([towards(axis) for axis in axes]),
        integers(*(place for place in range(count) for _ in range(2))),
        np.full(2 * count, -1),
        integers(*range(100 * first, 100 * first + 2 * count)),
    )
    none = TreeRows(NO_INTEGERS, NO_INTEGERS, np.zeros((0, 0), np.float32), NO_INTEGERS, NO_INTEGERS, NO_INTEGERS)
    return segment.from_rows(
        IndexRows(
            integers(*range(100 * first, 100 * first + 2 * count)),
            np.repeat(np.arange(first, first + count), 2),
            ["term"] * (2 * count),
            [()] * (2 * count),
            vectors,
            np.arange(2 * count),
            np.full(2 * count, KINDS.index("text"), dtype=np.uint8),
            roots if trees else none,
        )
    )


def tree_over(groups: Sequence[Sequence[int]], axes: Sequence[int]) -> CollectionTree:
    """A node a group of revisions, and a root above them; each quotes the first of what is below it."""
    count = len(groups)
    members = [(node, revision) for node, group in enumerate(groups) for revision in group]
    return collection_tree.build(
        CollectionTreeRows(
            np.stack([*(towards(axis) for axis in axes), towards(6)]),
            integers(*(node for node, _ in members), *([count] * count)),
            integers(*([-1] * len(members)), *range(count)),
            integers(*(revision for _, revision in members), *([-1] * count)),
            integers(*range(count), count),
            integers(*(group[0] for group in groups), groups[0][0]),
        )
    )


def search(
    way: str, segments: Sequence[Segment], above: CollectionTree, query: NDArray[np.float32], dead: Sequence[int] = ()
) -> list[dict[int, float]]:
    masks = [~np.isin(part.revision_keys, list(dead)) for part in segments]
    return forest.SEARCHES[way](forest.forest(segments, masks, above, query))  # type: ignore[index]


@pytest.mark.parametrize("way", ["collapsed", "traversal"])
@pytest.mark.parametrize("trees", [True, False])
def test_the_chunks_below_the_best_summary_are_reached_in_every_segment(way: str, trees: bool) -> None:
    segments = [documents([0, 1, 0], trees=trees), documents([1, 0], first=10, trees=trees)]
    above = tree_over([[0, 2, 11], [1, 10]], [0, 1])
    reached = search(way, segments, above, towards(0))
    assert {0, 1, 4, 5} <= set(reached[0])
    assert {2, 3} <= set(reached[1])
    assert all(reached[0][row] == pytest.approx(1.0) for row in (0, 4))


@pytest.mark.parametrize("way", ["collapsed", "traversal"])
@pytest.mark.parametrize("trees", [True, False])
def test_what_may_not_be_found_is_not_reached_and_takes_no_place(way: str, trees: bool) -> None:
    segments = [documents([0] * 60 + [1], trees=trees)]
    above = tree_over([list(range(60)), [60]], [0, 1])
    reached = search(way, segments, above, towards(0, 1, 0.9), dead=range(60))
    assert set(reached[0]) == {120, 121}


def test_a_summary_of_many_documents_stands_for_the_chunks_nearest_to_the_query_alone() -> None:
    segments = [documents([0, 1, 2, 3] * 20)]
    above = tree_over([list(range(80))], [5])
    (reached,) = search("collapsed", segments, above, towards(2, 5, 2.0))
    assert len(reached) == COLLECTION_CHUNKS
    assert {row // 2 % 4 for row in reached} == {2}


def test_few_summaries_of_several_documents_speak_in_a_collapsed_search() -> None:
    count = 3 * COLLECTION_NODES
    segments = [documents([place % 6 for place in range(count)])]
    above = tree_over([[place] for place in range(count)], [0] * count)
    (reached,) = search("collapsed", segments, above, towards(0))
    assert len(reached) <= 2 * COLLECTION_NODES + COLLECTION_CHUNKS


def test_a_document_that_no_node_leads_to_is_reached_by_its_own_tree() -> None:
    segments = [documents([0, 1, 2], trees=True)]
    above = tree_over([[0, 1]], [0])
    (reached,) = search("traversal", segments, above, towards(2))
    assert {4, 5} <= set(reached)


def test_nodes_that_quote_a_revision_that_went_are_left_out_and_the_others_stay() -> None:
    above = tree_over([[0, 1], [2, 3], [4, 5]], [0, 1, 2])
    assert above.without([1, 3, 9]) is above  # nobody quotes them
    left = above.without([0])
    assert len(left.rows.vectors) == 2
    assert [below.tolist() for below in left.revisions_below] == [[2, 3], [4, 5]]
    assert left.roots.tolist() == [0, 1]  # the root quoted it too
    assert np.array_equal(left.rows.vectors, np.stack([towards(1), towards(2)]))
    assert len(left.without([2, 4]).rows.vectors) == 0


def test_a_damaged_tree_that_leads_in_a_circle_is_searched_to_an_end() -> None:
    rows = tree_over([[0, 1], [2]], [0, 1]).rows
    circle = CollectionTreeRows(
        rows.vectors,
        np.append(rows.parents, [0, 0]),
        np.append(rows.children, [0, 1]),
        np.append(rows.revision_keys, [-1, -1]),
        rows.quoting,
        rows.quoted,
    )
    (reached,) = search("traversal", [documents([0, 1, 2])], collection_tree.build(circle), towards(0))
    assert reached


def test_without_any_tree_nothing_is_reached() -> None:
    nothing = collection_tree.build(CollectionTreeRows(np.zeros((0, 0), np.float32), *(NO_INTEGERS for _ in range(5))))
    for way in ("collapsed", "traversal"):
        assert search(way, [documents([0, 1])], nothing, towards(0)) == [{}]
