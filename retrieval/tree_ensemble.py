"""Reads the trees that LightGBM writes as text and evaluates them over many rows at once.

The library itself trains; the service does without it, because importing it brings scikit-learn and SciPy and takes
seconds at every start. Only what a ranker needs is understood: numeric splits without missing values, up to 64 leaves
a tree. Anything else is refused by `ModelUnavailable`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import ModelUnavailable

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# The bits of `decision_type`: 1 categorical, 2 missing values go left, 4 and 8 how those are marked (here: not at all).
_NUMERIC = (0, 2)
_MAX_LEAVES = 64
# Rows evaluated at once; more would leave the processor's cache.
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class TreeEnsemble:
    """The splits of all trees side by side, and what their leaves add.

    A tree is evaluated without walking it: a split that sends a row right rules out the leaves on its left, and of
    those that no split rules out, the first is the row's (Lucchese et al., "QuickScorer", SIGIR 2015).
    """

    features: Sequence[str]
    # [splits, trees]: the trees side by side, shorter ones filled up with splits that send every row left
    split_features: Integers
    thresholds: Floats  # a value up to it goes left
    possible: NDArray[
        np.unsignedinteger[Any]
    ]  # bits of the leaves that going right leaves possible; unsigned, one bit a leaf
    first_leaves: Integers  # [trees]: the place of the tree's first leaf among all leaves
    values: Floats  # [leaves]: their scores
    added: Floats  # [leaves, features]: what each feature moved on the way from the root to the leaf
    constant: float  # the sum of trees without a split
    mean: float  # the mean score of the rows of training

    def predict(self, rows: Floats) -> Floats:
        """The sums of the trees' leaf values [rows], for features [rows, features]."""
        sums: Floats = self.values[self._leaves(rows)].sum(axis=0) + self.constant
        return sums

    def contributions(self, rows: Floats) -> Floats:
        """What each feature adds to each row's score [rows, features + 1]; the last column is the mean score.

        A split moves the expected score from that of its node to that of the child: the difference is its feature's
        (Palczewska et al., "Interpreting random forest classification models using a feature contribution method",
        2013). The columns sum to the prediction.
        """
        added = self.added[self._leaves(rows)].sum(axis=0)
        return np.concatenate([added, np.full((len(rows), 1), self.mean)], axis=1)

    def _leaves(self, rows: Floats) -> Integers:
        """The leaves that the rows reach [trees, rows]."""
        blocks = [self._block(rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)]
        return np.concatenate([np.zeros((len(self.first_leaves), 0), dtype=np.int64), *blocks], axis=1)

    def _block(self, rows: Floats) -> Integers:
        # Rows come last, so that everything below runs over neighbours in memory.
        right = rows.T.take(self.split_features, axis=0) > self.thresholds[:, :, None]
        one = self.possible.dtype.type(1)
        # Less one, a row that goes right is 0 and any other has all bits: its split rules nothing out.
        possible = self.possible[:, :, None] | (right.astype(self.possible.dtype) - one)
        left: NDArray[Any] = np.bitwise_and.reduce(possible, axis=0)
        # The lowest bit alone is a power of two, which a float holds exactly.
        lowest = np.bitwise_and(left, np.invert(left) + one).astype(np.float64)
        leaves: Integers = np.log2(lowest).astype(np.int64) + self.first_leaves[:, None]
        return leaves


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree as the file has it: a child below 0 is the complement of a leaf's number."""

    split_features: Integers  # [splits]
    thresholds: Floats  # [splits]
    children: Integers  # [splits, 2]
    leaf_values: Floats  # [leaves]
    leaf_counts: Floats  # [leaves], of the rows of training


def read(text: str) -> TreeEnsemble:
    """The ensemble that LightGBM's `Booster.model_to_string` wrote. Raises `ModelUnavailable` for what is not one."""
    try:
        return _read(text)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelUnavailable(f"The ranker is not a LightGBM text model that can be used here ({error!r}).") from error


def _read(text: str) -> TreeEnsemble:
    header, *blocks = text.split("end of trees", maxsplit=1)[0].split("\nTree=")
    features = _fields(header)["feature_names"].split()
    trees = [_tree(_fields(block)) for block in blocks]
    if not trees:
        raise ValueError("no trees")
    constant = sum(float(tree.leaf_values[0]) for tree in trees if not len(tree.thresholds))
    trees = [tree for tree in trees if len(tree.thresholds)]
    splits = max((len(tree.thresholds) for tree in trees), default=0)
    shape = (splits, len(trees))
    split_features, thresholds = np.zeros(shape, dtype=np.int64), np.full(shape, np.inf)
    bits = next(kind for kind in (np.uint16, np.uint32, np.uint64) if splits < np.iinfo(kind).bits)
    possible = np.full(shape, np.iinfo(bits).max, dtype=bits)
    values, added, mean = [np.zeros(0)], [np.zeros((0, len(features)))], constant
    for number, tree in enumerate(trees):
        own = slice(0, len(tree.thresholds))
        order, left_of = _in_order(tree)
        split_features[own, number], thresholds[own, number] = tree.split_features, tree.thresholds
        possible[own, number] ^= np.array(left_of, dtype=bits)
        moved, root = _moved(tree, len(features))
        values.append(tree.leaf_values[order])
        added.append(moved[order])
        mean += root
    first_leaves = np.cumsum([0, *(len(tree.leaf_values) for tree in trees)], dtype=np.int64)[:-1]
    return TreeEnsemble(
        features,
        split_features,
        thresholds,
        possible,
        first_leaves,
        np.concatenate(values),
        np.concatenate(added),
        constant,
        mean,
    )


def _fields(block: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(fields: Mapping[str, str]) -> _Tree:
    leaves = int(fields["num_leaves"])
    if leaves > _MAX_LEAVES:
        raise ValueError(f"{leaves} leaves in a tree, at most {_MAX_LEAVES}")
    values = _numbers(fields["leaf_value"])
    if leaves == 1:  # nothing was left to split
        none = np.zeros(0)
        return _Tree(none.astype(np.int64), none, np.zeros((0, 2), dtype=np.int64), values, np.ones(1))
    if unknown := set(map(int, fields["decision_type"].split())) - set(_NUMERIC):
        raise ValueError(f"decision types {sorted(unknown)}")
    return _Tree(
        _numbers(fields["split_feature"]).astype(np.int64),
        _numbers(fields["threshold"]),
        np.stack([_numbers(fields[side]).astype(np.int64) for side in ("left_child", "right_child")], axis=1),
        values,
        _numbers(fields["leaf_count"]),
    )


def _in_order(tree: _Tree) -> tuple[Sequence[int], Sequence[int]]:
    """The leaves from left to right, and for each split the bits of the leaves on its left."""
    order: list[int] = []
    left_of = [0] * len(tree.thresholds)

    def visit(child: int) -> None:
        if child < 0:
            order.append(~child)
            return
        first = len(order)
        visit(int(tree.children[child, 0]))
        left_of[child] = (1 << len(order)) - (1 << first)
        visit(int(tree.children[child, 1]))

    visit(0)
    return order, left_of


def _moved(tree: _Tree, features: int) -> tuple[Floats, float]:
    """What each feature moved on the way to each leaf [leaves, features], and the mean score at the root.

    The score of a split is the mean of the leaves below it, by rows of training.
    """
    splits = len(tree.thresholds)
    counts, sums = np.zeros(splits), np.zeros(splits)
    for split in reversed(range(splits)):  # LightGBM numbers a split before its children
        for child in tree.children[split].tolist():
            counts[split] += counts[child] if child >= 0 else tree.leaf_counts[~child]
            sums[split] += sums[child] if child >= 0 else tree.leaf_values[~child] * tree.leaf_counts[~child]
    means = sums / counts
    on_the_way = np.zeros((splits, features))
    moved = np.zeros((splits + 1, features))
    for split in range(splits):
        for child in tree.children[split].tolist():
            to, score = (on_the_way[child], means[child]) if child >= 0 else (moved[~child], tree.leaf_values[~child])
            to += on_the_way[split]
            to[tree.split_features[split]] += score - means[split]
    return moved, float(means[0])


def _numbers(field: str) -> Floats:
    return np.array(field.split(), dtype=np.float64)
