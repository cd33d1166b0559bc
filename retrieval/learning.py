"""A ranker that goes on from the present one: trained on clicks, each weighed by how rarely its position is looked at.

A click says that the hit was better than those beside it that were not clicked, and it says so for all the people who
would have clicked had they looked: so every click is a list of its own with the weight 1 / propensity (Joachims et
al., WSDM 2017). New trees are added to those of the champion, so that a few clicks move it and do not replace what it
knows.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from retrieval.click_log import Booleans, ClickLog, Floats, numbered
from retrieval.counterfactual import CLIP
from retrieval.store.impressions import Judged
from retrieval.train_ranker import JudgedCandidates, train

# One query in so many is held out to judge by, whenever it was asked: the same question must not be on both sides.
HELD_OUT = 3


def click_log(rows: Sequence[Judged]) -> tuple[ClickLog, Booleans]:
    """The log, and which impressions [impressions] are held out. Impressions of one hit say nothing and are dropped."""
    sizes: dict[int, int] = {}
    for row in rows:
        sizes[row.impression_key] = sizes.get(row.impression_key, 0) + 1
    kept = [row for row in rows if sizes[row.impression_key] > 1]
    first = {row.impression_key: row for row in reversed(kept)}
    heads = [first[key] for key in sorted(first)]
    log = ClickLog(
        np.stack([row.features for row in kept]).astype(np.float64) if kept else np.zeros((0, 0)),
        np.array([row.position for row in kept], dtype=np.int64),
        np.array([row.is_wanted for row in kept], dtype=np.bool_),
        np.searchsorted(np.array(sorted(first), dtype=np.int64), [row.impression_key for row in kept]),
        np.array([head.explored for head in heads], dtype=np.int64),
        numbered([head.query for head in heads]),
    )
    return log, np.array([is_held_out(head.query) for head in heads], dtype=np.bool_)


def is_held_out(query: str) -> bool:
    """Whether what is known of the query is to judge by, and not to learn from."""
    return hashlib.sha256(query.encode()).digest()[0] % HELD_OUT == 0


def learn(names: Sequence[str], log: ClickLog, propensities: Floats, champion: str) -> str:
    """The champion's model with trees that the clicks of the log added, for features of the given names."""
    starts = np.searchsorted(log.impressions, np.arange(log.count + 1))
    rows, sizes, weights = [], [], []
    for clicked in np.flatnonzero(log.clicks).tolist():
        impression = log.impressions[clicked]
        shown = np.arange(starts[impression], starts[impression + 1])
        compared = shown[~log.clicks[shown] | (shown == clicked)]
        if len(compared) > 1:
            rows.append((compared, compared == clicked))
            sizes.append(len(compared))
            weights.append(1 / max(float(propensities[log.positions[clicked] - 1]), CLIP))
    if not rows:
        return champion
    chosen = np.concatenate([compared for compared, _ in rows])
    grades = np.concatenate([grade for _, grade in rows]).astype(np.int64)
    weighed = np.array(weights) / np.mean(weights)
    return train(names, JudgedCandidates(log.features[chosen], grades, sizes, weighed), champion)
