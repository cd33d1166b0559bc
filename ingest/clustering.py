"""Soft clusters as RAPTOR makes them: Gaussian mixtures in few dimensions, their number by BIC, global then local.

Sarthi et al., arXiv 2401.18059, section 3. The dimensions are reduced by PCA where the paper has UMAP: a document has
tens to hundreds of chunks, and UMAP brings a compiler as a dependency. The same vectors give the same clusters.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 10
# A member belongs to every cluster that it is in with at least this probability (the paper's threshold).
MEMBERSHIP = 0.1
SEED = 224
# Past so many members a summary of a few sentences can no longer speak for all of them.
MAX_MEMBERS = 12
# A document longer than so many chunks is clustered in stretches of that length: the mixture's time grows with both
# members and clusters, and chunks of one subject seldom lie further apart.
STRETCH = 1_000


def soft_clusters(vectors: NDArray[np.float32]) -> list[list[int]]:
    """Clusters of the rows [rows, dimension], each sorted, in the order of their first rows.

    Every row is in at least one; there are at most half as many clusters as rows (one for a single row), so levels
    built of clusters come to an end.
    """
    count = len(vectors)
    if count <= MAX_MEMBERS // 2:
        return [list(range(count))] if count else []
    clusters: list[list[int]] = []
    for start in range(0, count, STRETCH):
        rows = np.arange(start, min(start + STRETCH, count))
        for members in _mixture(vectors[rows]):
            clusters += _local(vectors, rows[members])
    clusters = _without_singles(vectors, clusters)
    distinct = {tuple(sorted(members)): None for members in clusters}
    ordered = sorted(map(list, distinct))
    if len(ordered) > count // 2:
        return [list(range(start, min(start + 2, count))) for start in range(0, count, 2)][: (count + 1) // 2]
    return ordered


def _local(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> list[list[int]]:
    """The rows as they are if they are few, else clustered among themselves, else cut in reading order."""
    if len(rows) <= MAX_MEMBERS:
        return [rows.tolist()]
    parts = _mixture(vectors[rows])
    clusters: list[list[int]] = []
    for members in parts:
        if len(members) < len(rows) and len(members) > MAX_MEMBERS:
            clusters += _local(vectors, rows[members])
        else:
            pieces = -(-len(members) // MAX_MEMBERS)
            clusters += [piece.tolist() for piece in np.array_split(rows[members], pieces)]
    return clusters


def _mixture(vectors: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """Members of each component of the mixture with the lowest BIC."""
    # Not above: it takes seconds, and both processes would pay for it at every start.
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.mixture import GaussianMixture  # noqa: PLC0415

    count = len(vectors)
    if not np.ptp(vectors, axis=0).any():  # nothing tells them apart
        return [np.arange(count)]
    dimensions = min(DIMENSIONS, count - 2, vectors.shape[1])
    reduced = PCA(dimensions, svd_solver="full").fit_transform(vectors.astype(np.float64))
    most = max(count // 3, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture that is still moving is good enough here
        fitted = [
            GaussianMixture(components, covariance_type="diag", reg_covar=1e-4, random_state=SEED).fit(reduced)
            for components in _candidates(most)
        ]
    best = min(fitted, key=lambda mixture: mixture.bic(reduced))
    probabilities = best.predict_proba(reduced)
    belongs = (probabilities >= MEMBERSHIP) | (probabilities == probabilities.max(axis=1, keepdims=True))
    members = [np.flatnonzero(column) for column in belongs.T]
    return [rows for rows in members if len(rows)]


def _candidates(most: int) -> Sequence[int]:
    """Numbers of components to try: every one at first, then in steps of about a fifth."""
    found, components = [], 1
    while components <= most:
        found.append(components)
        components = max(components + 1, components * 6 // 5)
    return found


def _without_singles(vectors: NDArray[np.float32], clusters: Sequence[Sequence[int]]) -> list[list[int]]:
    """A cluster of one says nothing that its member does not: it joins the nearest other one."""
    larger = [list(members) for members in clusters if len(members) > 1]
    if not larger:
        return [sorted({row for members in clusters for row in members})]
    centres = np.stack([vectors[members].mean(axis=0) for members in larger])
    covered = {row for members in larger for row in members}
    for members in clusters:
        if len(members) == 1 and members[0] not in covered:
            larger[int((centres @ vectors[members[0]]).argmax())].append(members[0])
    return larger
