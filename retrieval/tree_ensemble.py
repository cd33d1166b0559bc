"""Reads the trees that LightGBM writes as text and evaluates them over many rows at once.

The library itself trains; the service does without it, because importing it brings scikit-learn and SciPy and takes
seconds at every start. Only what a ranker needs is understood: numeric splits without missing values. Anything else
is refused by `ModelUnavailable`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import ModelUnavailable

Floats = NDArray[np.float64]
# The bits of `decision_type`: 1 categorical, 2 missing values go left, 4 and 8 how those are marked (here: not at all).
_NUMERIC = (0, 2)


@dataclass(frozen=True, slots=True)
class TreeEnsemble:
    """Binary trees side by side, all nodes in one numbering; a leaf's children are the leaf itself."""

    features: Sequence[str]
    roots: NDArray[np.int64]  # [trees]
    split_features: NDArray[np.int64]  # [nodes], 0 at leaves
    thresholds: Floats  # [nodes]; a value up to it goes left
    children: NDArray[np.int64]  # [nodes, 2], left and right
    values: Floats  # [nodes]: of a leaf its score, of any other the mean of its leaves by training rows
    depth: int

    def predict(self, rows: Floats) -> Floats:
        """The sums of the trees' leaf values [rows], for features [rows, features]."""
        sums: Floats = self.values[self._walk(rows)[-1]].sum(axis=1)
        return sums

    def contributions(self, rows: Floats) -> Floats:
        """What each feature adds to each row's score [rows, features + 1]; the last column is the mean score.

        A split moves the expected score from that of its node to that of the child: the difference is its feature's
        (Palczewska et al., "Interpreting random forest classification models using a feature contribution method",
        2013). The columns sum to the prediction.
        """
        path = np.stack(self._walk(rows))
        width = len(self.features) + 1
        changes = np.diff(self.values[path], axis=0)
        # The cell of the result that each step adds to.
        cells = self.split_features[path[:-1]] + np.arange(len(rows))[:, None] * width
        sums = np.bincount(cells.ravel(), changes.ravel(), len(rows) * width).astype(np.float64)  # integers if no rows
        added: Floats = sums.reshape(len(rows), width)
        added[:, -1] += self.values[self.roots].sum()
        return added

    def _walk(self, rows: Floats) -> list[NDArray[np.int64]]:
        """The nodes [rows, trees] that the rows reach at every depth, leaves last."""
        nodes = np.tile(self.roots, (len(rows), 1))
        path = [nodes]
        # Flat arrays and `take`: half the time of indexing by pairs.
        values, children = rows.ravel(), self.children.ravel()
        starts = np.arange(len(rows))[:, None] * len(self.features)
        for _ in range(self.depth):
            right = values.take(starts + self.split_features.take(nodes)) > self.thresholds.take(nodes)
            nodes = children.take(2 * nodes + right)
            path.append(nodes)
        return path


def read(text: str) -> TreeEnsemble:
    """The ensemble that LightGBM's `Booster.model_to_string` wrote. Raises `ModelUnavailable` for what is not one."""
    try:
        return _read(text)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelUnavailable(f"The ranker is not a LightGBM text model that can be used here ({error!r}).") from error


def _read(text: str) -> TreeEnsemble:
    header, *blocks = text.split("end of trees", maxsplit=1)[0].split("\nTree=")
    features = _fields(header)["feature_names"].split()
    roots, parts, offset, depth = [], [], 0, 0
    for block in blocks:
        splits, thresholds, children, values = _tree(_fields(block))
        roots.append(offset)
        parts.append((splits, thresholds, children + offset, values))
        offset += len(values)
        depth = max(depth, _depth(children))
    if not parts:
        raise ValueError("no trees")
    splits, thresholds, children, values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return TreeEnsemble(features, np.array(roots), splits, thresholds, children, values, depth)


def _fields(block: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(fields: Mapping[str, str]) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64], Floats]:
    """Split features, thresholds, children and values of one tree: inner nodes first, then leaves."""
    leaves = int(fields["num_leaves"])
    leaf_values = _numbers(fields["leaf_value"])
    if leaves == 1:  # nothing was left to split
        return np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros((1, 2), dtype=np.int64), leaf_values
    if unknown := set(map(int, fields["decision_type"].split())) - set(_NUMERIC):
        raise ValueError(f"decision types {sorted(unknown)}")
    inner = leaves - 1
    # In the file a leaf is written as the complement of its number.
    children = np.stack([_numbers(fields[side]).astype(np.int64) for side in ("left_child", "right_child")], axis=1)
    children = np.where(children < 0, inner + ~children, children)
    children = np.concatenate([children, np.repeat(np.arange(inner, inner + leaves)[:, None], 2, axis=1)])
    none = np.zeros(leaves)
    return (
        np.concatenate([_numbers(fields["split_feature"]), none]).astype(np.int64),
        np.concatenate([_numbers(fields["threshold"]), none]),
        children,
        _means(children, inner, leaf_values, _numbers(fields["leaf_count"])),
    )


def _means(children: NDArray[np.int64], inner: int, leaf_values: Floats, leaf_counts: Floats) -> Floats:
    """The value of every node, from the leaves up: LightGBM numbers a node before its children."""
    counts = np.concatenate([np.zeros(inner), leaf_counts])
    sums = np.concatenate([np.zeros(inner), leaf_values * leaf_counts])
    for node in reversed(range(inner)):
        counts[node] = counts[children[node]].sum()
        sums[node] = sums[children[node]].sum()
    return np.concatenate([sums[:inner] / counts[:inner], leaf_values])


def _depth(children: NDArray[np.int64]) -> int:
    """Steps from the root to the deepest leaf."""
    nodes, depth = np.array([0]), 0
    while len(nodes := np.setdiff1d(children[nodes].ravel(), nodes)):
        depth += 1
    return depth


def _numbers(field: str) -> Floats:
    return np.array(field.split(), dtype=np.float64)
