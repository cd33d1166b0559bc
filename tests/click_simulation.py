"""A world in which everything about clicks is known: relevance, who looks where, and so the true worth of a ranker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.click_log import ClickLog, ranks

Floats = NDArray[np.float64]
# Nobody's power law: a steep beginning, a plateau and a cliff at the end of what fits on a screen.
LOOKED_AT = np.array([1.0, 0.68, 0.52, 0.44, 0.39, 0.36, 0.22, 0.18, 0.16, 0.14])
SHOWN = len(LOOKED_AT)


@dataclass(frozen=True, slots=True)
class World:
    """A log, the true chance of relevance of each row, and the scores of three rankers."""

    log: ClickLog
    relevance: Floats  # [rows]
    champion: Floats  # [rows]: what ordered the log
    better: Floats
    worse: Floats

    def worth(self, scores: Floats) -> float:
        """The true mean DCG of a ranker, over the impressions of this log."""
        return float((self.relevance / np.log2(1 + ranks(self.log, scores))).sum() / self.log.count)


def simulate(seed: int, impressions: int = 3000, explored: float = 0.2) -> World:
    """Clicks on what the champion shows; in a share of the impressions a coin decides the order of neighbours.

    Relevance depends on the first two features and their product, which no linear model of relevance has.
    The champion knows the first alone, the better ranker both, the worse one prefers the third, which says nothing.
    """
    generator = np.random.default_rng(seed)
    features = generator.standard_normal((impressions, SHOWN, 3))
    odds = -2.0 + 1.0 * features[..., 0] + 0.8 * features[..., 1] + 0.4 * features[..., 0] * features[..., 1]
    relevance = 1 / (1 + np.exp(-odds))
    order = np.argsort(-features[..., 0], axis=1)
    first = np.where(generator.random(impressions) < explored, generator.integers(1, 3, impressions), 0)
    for upper in range(1, SHOWN):
        swapped = np.flatnonzero((first > 0) & ((upper - first) % 2 == 0) & (upper >= first))
        swapped = swapped[generator.random(len(swapped)) < 0.5]
        order[swapped, upper - 1], order[swapped, upper] = order[swapped, upper], order[swapped, upper - 1]
    features = np.take_along_axis(features, order[..., None], axis=1).reshape(-1, 3)
    relevance = np.take_along_axis(relevance, order, axis=1).ravel()
    positions = np.tile(np.arange(1, SHOWN + 1), impressions)
    clicks = generator.random(len(relevance)) < relevance * LOOKED_AT[positions - 1]
    log = ClickLog(
        features,
        positions,
        clicks,
        np.repeat(np.arange(impressions), SHOWN),
        first,
        np.arange(impressions),
    )
    known, further, noise = features.T
    return World(log, relevance, known, known + 0.8 * further, 0.5 * known + noise)
