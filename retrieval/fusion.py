"""Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): lists agree by ranks, so scores need no scale."""

from collections.abc import Mapping, Sequence

# The constant of the paper: it keeps the first ranks of one list from outvoting agreement between lists.
RANK_CONSTANT = 60


def reciprocal_rank_fusion(lists: Mapping[str, Sequence[int]]) -> list[tuple[int, float]]:
    """Keys of all lists with their fused scores, best first; ranks start at 1, equal scores keep the smaller key."""
    scores: dict[int, float] = {}
    for keys in lists.values():
        for rank, key in enumerate(keys, start=1):
            scores[key] = scores.get(key, 0.0) + 1 / (RANK_CONSTANT + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
