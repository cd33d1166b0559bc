"""Keeps the clusters of a level while members come and go, so that only those are summarised anew that changed.

What is there stays: a new member joins the components of the mixture that the clusters are, by the threshold by which
RAPTOR's soft clusters are made. A cluster that outgrew its limit is split, one that lost all but one member dissolves,
and the level is clustered as a whole again only when it has drifted too far from when it last was.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.clustering import DIMENSIONS, MAX_MEMBERS, MEMBERSHIP, soft_clusters
from retrieval.store.collection_trees import Arrangement, Drift

Vectors = Mapping[int, NDArray[np.float32]]  # by member
Clusters = Mapping[int, Sequence[int]]  # by node: its members

# A cluster may grow so far beyond what clustering would make before it is split: half as much again.
MOST_MEMBERS = MAX_MEMBERS * 3 // 2
# The level is clustered as a whole again once so many came or went, as a share of those that it was made of.
MOST_DRIFT = 0.5
# As many members as the pooled variance counts for in a cluster's own: a few members do not tell theirs.
_PRIOR_MEMBERS = 6
_LEAST_VARIANCE = 1e-4
# Past so many, members are cut along the direction in which they differ most and clustered in parts.
PORTION = 1_000


def rearrange(vectors: Vectors, clusters: Clusters, drift: Drift) -> Arrangement:
    """What becomes of the clusters now that these are the members. The same input gives the same clusters.

    Every member ends up in a cluster, in one at least of two members if there are two; there are at most half as many
    clusters as members, so that levels built of them come to an end.
    """
    there = {node: [member for member in members if member in vectors] for node, members in clusters.items()}
    assigned = {member for members in there.values() for member in members}
    added = [member for member in vectors if member not in assigned]
    drift = Drift(drift.clustered, drift.joined + len(added))
    if not any(there.values()) or _drifted(len(vectors), drift):
        return _anew(vectors, clusters)
    kept = {node: members for node, members in there.items() if len(members) > 1}
    if not kept:
        return _anew(vectors, clusters)
    covered = {member for members in kept.values() for member in members}
    joined = _joined(vectors, kept, [member for member in vectors if member not in covered])
    # One that is as it was made stays, whatever its size.
    whole = {
        node: members
        for node, members in joined.items()
        if len(members) <= MOST_MEMBERS or len(members) == len(kept[node])
    }
    parts = [part for node, members in joined.items() if node not in whole for part in _split(vectors, members)]
    if len(whole) + len(parts) > max(len(vectors) // 2, 1):
        return _anew(vectors, clusters)
    changed = {node: members for node, members in whole.items() if members != list(clusters[node])}
    return Arrangement(changed, parts, sorted(set(clusters) - set(whole)), drift)


def is_settled(members: Collection[int], clusters: Clusters, drift: Drift) -> bool:
    """Whether the clusters may stay as they are, for these members."""
    covered = {member for cluster in clusters.values() for member in cluster}
    whole = all(len(cluster) > 1 for cluster in clusters.values()) and len(clusters) <= max(len(members) // 2, 1)
    return whole and covered == set(members) and not _drifted(len(members), drift)


def cluster_all(vectors: Vectors) -> list[list[int]]:
    """RAPTOR's soft clusters of the members."""
    keys = np.array(sorted(vectors), dtype=np.int64)
    matrix = np.stack([vectors[key] for key in keys.tolist()])
    clusters: list[list[int]] = []
    for rows in _portions(matrix, np.arange(len(keys))):
        clusters += [keys[rows[members]].tolist() for members in soft_clusters(matrix[rows])]
    return sorted(clusters)


def _drifted(members: int, drift: Drift) -> bool:
    return drift.moved(members) > MOST_DRIFT * drift.clustered


def _anew(vectors: Vectors, clusters: Clusters) -> Arrangement:
    """Clusters of all members; a node whose members come out the same stays."""
    nodes = {tuple(sorted(members)): node for node, members in clusters.items()}
    fresh = cluster_all(vectors)
    same = {nodes[tuple(members)] for members in fresh if tuple(members) in nodes}
    new = [members for members in fresh if tuple(members) not in nodes]
    return Arrangement({}, new, sorted(set(clusters) - same), Drift(len(vectors), 0))


def _joined(vectors: Vectors, clusters: Clusters, members: Sequence[int]) -> dict[int, list[int]]:
    """The clusters with the members that join them: each every one that it is in with enough probability."""
    joined = {node: list(found) for node, found in clusters.items()}
    if members:
        nodes = list(clusters)
        for member, row in zip(members, _responsibilities(vectors, clusters, members), strict=True):
            for place in np.flatnonzero((row >= MEMBERSHIP) | (row == row.max())).tolist():
                joined[nodes[place]].append(member)
    return joined


def _responsibilities(vectors: Vectors, clusters: Clusters, members: Sequence[int]) -> NDArray[np.float64]:
    """How probable it is that a member comes from each cluster [members, clusters].

    Each cluster is a Gaussian with a diagonal covariance in the first principal components, as in the mixtures that
    made it; its variance leans on that of all, because it has few members.
    """
    basis = _principal(np.stack(list(vectors.values())).astype(np.float64))
    groups = [np.stack([vectors[member] for member in found]) @ basis for found in clusters.values()]
    means = np.stack([group.mean(axis=0) for group in groups])
    sizes = np.array([len(group) for group in groups], dtype=np.float64)
    squares = np.stack([((group - mean) ** 2).sum(axis=0) for group, mean in zip(groups, means, strict=True)])
    pooled = squares.sum(axis=0) / sizes.sum()
    variances = (squares + _PRIOR_MEMBERS * pooled) / (sizes + _PRIOR_MEMBERS)[:, None] + _LEAST_VARIANCE
    found = []
    for member in members:
        distances = ((vectors[member] @ basis - means) ** 2 / variances + np.log(variances)).sum(axis=1)
        logs = np.log(sizes) - distances / 2
        shares = np.exp(logs - logs.max())
        found.append(shares / shares.sum())
    return np.stack(found)


def _principal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The directions [dimension, at most DIMENSIONS] in which the rows differ most."""
    centred = matrix - matrix.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # by growing eigenvalue
    found: NDArray[np.float64] = directions[:, -DIMENSIONS:]
    return found


def _split(vectors: Vectors, members: Sequence[int]) -> list[list[int]]:
    """Two clusters or more; members that nothing tells apart are cut in order."""
    parts = cluster_all({member: vectors[member] for member in members})
    if len(parts) > 1 and all(len(part) <= MOST_MEMBERS for part in parts):
        return parts
    ordered = sorted(members)
    pieces = -(-len(ordered) // MAX_MEMBERS)
    return [piece.tolist() for piece in np.array_split(ordered, pieces)]


def _portions(matrix: NDArray[np.float32], rows: NDArray[np.int64]) -> Iterable[NDArray[np.int64]]:
    """The rows in portions that lie together, each of at most PORTION."""
    if len(rows) <= PORTION:
        return [rows]
    along = matrix[rows].astype(np.float64) @ _principal(matrix[rows].astype(np.float64))[:, -1]
    ordered = rows[np.argsort(along, kind="stable")]
    middle = len(ordered) // 2
    return [*_portions(matrix, np.sort(ordered[:middle])), *_portions(matrix, np.sort(ordered[middle:]))]
