"""What a ranker would have been worth, told from clicks on the order of another one.

The worth of an order is its DCG: the sum over hits of relevance / log2(1 + rank), over what was shown. Clicks show
relevance only where somebody looked, so each is divided by the propensity of the position at which it happened:

    naive   sum of gain * click                                           what position bias makes of it
    ips     sum of gain * click / propensity                              unbiased where no propensity is clipped
    snips   the same, divided by the sum of click / propensity            the gain of an average relevant hit
    dr      sum of gain * (R + (click - propensity * R) / propensity)     a model R fills in what clipping cuts off

(Joachims et al., WSDM 2017; Swaminathan and Joachims, NIPS 2015; Oosterhuis, "Doubly Robust Estimation for Correcting
Position Bias in Click Feedback for Unbiased Learning to Rank", TOIS 2023.) Every propensity that divides is clipped.
`dr` equals `ips` at positions whose propensity is not. Intervals are from queries drawn anew, propensities by swaps
estimated anew with them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from retrieval.bootstrap import RESAMPLES, Estimate
from retrieval.click_log import Booleans, ClickLog, Floats, ranks
from retrieval.propensities import Propensities, from_pairs, swapped_clicks

Estimator = Literal["naive", "ips", "snips", "dr"]
# Smaller propensities count as this: one click at a place that nobody looks at must not decide alone.
CLIP = 0.1


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of each query [queries, positions]: everything that an estimate is made of."""

    clicked: Floats  # gain of the clicked hits
    seen: Floats  # clicks
    expected: Floats  # gain times modelled relevance
    impressions: Floats  # [queries]


def gains(log: ClickLog, scores: Floats) -> Floats:
    """The DCG gain [rows] of the rank that a ranker with these scores gives each hit."""
    found: Floats = 1 / np.log2(1 + ranks(log, scores))
    return found


def estimate(
    log: ClickLog,
    gain: Floats,
    relevance: Floats,
    propensities: Propensities,
    judged: Booleans | None = None,
    clip: float = CLIP,
) -> Mapping[Estimator, Estimate]:
    """Every estimate of the mean worth of an impression, where each row adds `gain` [rows] times its relevance.

    `gain` may be the difference between two rankers: then so is the estimate. `relevance` [rows] is the model's.
    `judged` [impressions] are those that count; propensities by swaps are drawn from all.
    """
    judged = np.ones(log.count, dtype=np.bool_) if judged is None else judged
    sums = _sums(log, gain, relevance, judged)
    pairs = _by_query(log, swapped_clicks(log, log.depth)) if propensities.method == "swaps" else None
    drawn = _drawn(len(sums.impressions))
    sampled = propensities.values[None] if pairs is None else from_pairs(np.tensordot(drawn, pairs, axes=1))
    once = np.ones((1, len(sums.impressions)))
    found: dict[Estimator, Estimate] = {}
    for name, estimator in ESTIMATORS.items():
        value = float(estimator(sums, once, propensities.values[None], clip)[0])
        low, high = np.percentile(estimator(sums, drawn, sampled, clip), [2.5, 97.5])
        found[name] = Estimate(value, float(low), float(high))
    return found


def effective_sample_size(log: ClickLog, propensities: Propensities) -> float:
    """So many clicks at the first position would say as much: (sum of weights)^2 / sum of squared weights."""
    weights = 1 / np.maximum(propensities.values[log.positions[log.clicks] - 1], CLIP)
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def _sums(log: ClickLog, gain: Floats, relevance: Floats, judged: Booleans) -> _Sums:
    counted = judged[log.impressions].astype(np.float64)
    queries, shape = log.queries[log.impressions], (int(log.queries.max(initial=-1)) + 1, log.depth)

    def by_query(values: Floats) -> Floats:
        cells = queries * shape[1] + log.positions - 1
        return np.bincount(cells, values * counted, shape[0] * shape[1]).astype(np.float64).reshape(shape)

    impressions = np.bincount(log.queries, judged.astype(np.float64), shape[0]).astype(np.float64)
    return _Sums(
        by_query(gain * log.clicks), by_query(log.clicks.astype(np.float64)), by_query(gain * relevance), impressions
    )


def _by_query(log: ClickLog, clicks: Floats) -> Floats:
    """The sums [queries, pairs, 2] of clicks [impressions, pairs, 2]."""
    found = np.zeros((int(log.queries.max(initial=-1)) + 1, *clicks.shape[1:]))
    np.add.at(found, log.queries, clicks)
    return found


def _drawn(count: int) -> Floats:
    """How often each query is drawn in each resample [RESAMPLES, queries]."""
    generator = np.random.default_rng(0)
    return generator.multinomial(count, np.full(count, 1 / max(count, 1)), RESAMPLES).astype(np.float64)


def _naive(sums: _Sums, drawn: Floats, _propensities: Floats, _clip: float) -> Floats:
    return _share((drawn @ sums.clicked).sum(axis=1), drawn @ sums.impressions)


def _ips(sums: _Sums, drawn: Floats, propensities: Floats, clip: float) -> Floats:
    weights = 1 / np.maximum(propensities, clip)
    return _share(((drawn @ sums.clicked) * weights).sum(axis=1), drawn @ sums.impressions)


def _snips(sums: _Sums, drawn: Floats, propensities: Floats, clip: float) -> Floats:
    weights = 1 / np.maximum(propensities, clip)
    return _share(((drawn @ sums.clicked) * weights).sum(axis=1), ((drawn @ sums.seen) * weights).sum(axis=1))


def _doubly_robust(sums: _Sums, drawn: Floats, propensities: Floats, clip: float) -> Floats:
    weights = 1 / np.maximum(propensities, clip)
    expected = drawn @ sums.expected
    corrected = expected + (drawn @ sums.clicked - propensities * expected) * weights
    return _share(corrected.sum(axis=1), drawn @ sums.impressions)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


ESTIMATORS: Mapping[Estimator, Callable[[_Sums, Floats, Floats, float], Floats]] = {
    "naive": _naive,
    "ips": _ips,
    "snips": _snips,
    "dr": _doubly_robust,
}
