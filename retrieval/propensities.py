"""How likely each position is to be looked at, relative to the first: estimated from the log, never assumed.

Where two neighbours were swapped by the toss of a coin, a hit is as likely above as below, so the clicks at both places
differ only by how often they were looked at (swap interventions: Joachims, Swaminathan and Schnabel, "Unbiased
Learning-to-Rank with Biased Feedback", WSDM 2017). This needs no model of relevance, so it is preferred as soon as
there are enough such clicks; without them the position-based model is fitted to the log as it is
(`retrieval/relevance_model.py`), which is good for a look and too biased to decide anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from retrieval import relevance_model
from retrieval.click_log import ClickLog, Floats

Method = Literal["swaps", "regression"]
# Clicks on swapped pairs from which on they decide; fewer leave intervals too wide to let anything go live anyway.
ENOUGH_SWAPPED_CLICKS = 200
# A single pair's ratio starts as the power law of all pairs says, as if from so many clicks.
_PRIOR_CLICKS = 10.0
_EXPONENTS = np.linspace(0, 3, 301)


@dataclass(frozen=True, slots=True)
class Propensities:
    """The chance that each position is looked at, as a share of the first one's."""

    values: Floats  # [positions], the first 1
    method: Method
    clicks: int  # that they were estimated from

    def as_list(self) -> Sequence[float]:
        """Rounded, for people."""
        return [round(value, 3) for value in self.values.tolist()]


def estimate(log: ClickLog) -> Propensities:
    """By swaps where there were enough of them, else by regression."""
    pairs = swapped_clicks(log, log.depth).sum(axis=0)
    if pairs.sum() >= ENOUGH_SWAPPED_CLICKS:
        return Propensities(from_pairs(pairs[None])[0], "swaps", int(pairs.sum()))
    return Propensities(relevance_model.fit_both(log)[1], "regression", int(log.clicks.sum()))


def swapped_clicks(log: ClickLog, depth: int) -> Floats:
    """Clicks [impressions, pairs, 2] at the upper and the lower place of neighbours whose order was left to a coin."""
    found = np.zeros((log.count, max(depth - 1, 0), 2))
    first = log.explored[log.impressions]
    last = np.zeros(log.count, dtype=np.int64)
    np.maximum.at(last, log.impressions, log.positions)
    side = (log.positions - first) % 2
    upper = log.positions - side
    # The last hit has no partner where the pairs do not come out even.
    rows = np.flatnonzero(log.clicks & (first > 0) & (upper >= first) & (upper < last[log.impressions]))
    found[log.impressions[rows], upper[rows] - 1, side[rows]] = 1
    return found


def from_pairs(clicks: Floats) -> Floats:
    """Propensities [samples, positions] from clicks [samples, pairs, 2] at the upper and lower places of pairs."""
    upper, lower = clicks[..., 0], clicks[..., 1]
    places = np.arange(1, clicks.shape[1] + 1)
    # The likeliest exponent of a power law over all pairs: the lower place has the share 1 / (1 + ((j + 1) / j)^x).
    share = 1 / (1 + ((places + 1) / places) ** _EXPONENTS[:, None])  # [exponents, pairs]
    likelihood = lower @ np.log(share).T + upper @ np.log1p(-share).T  # [samples, exponents]
    expected = share[likelihood.argmax(axis=1)]  # [samples, pairs]
    lower_share = (lower + _PRIOR_CLICKS * expected) / (upper + lower + _PRIOR_CLICKS)
    ratios = lower_share / (1 - lower_share)
    first = np.ones((len(clicks), 1))
    found: Floats = np.concatenate([first, np.cumprod(ratios, axis=1)], axis=1)
    return np.minimum(found, 1.0)
