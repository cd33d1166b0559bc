"""Whether a new ranker may go live: only if the interval of its gain over the present one says that it is better.

Two kinds of evidence. Clicks: the doubly robust estimate on impressions that the challenger was not trained on;
propensities must come from swaps, because those of a fitted model are biased by more than their interval
(docs/decisions.md). Questions with known answers: paired differences of nDCG@10.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from retrieval import counterfactual, propensities, relevance_model
from retrieval.bootstrap import Estimate, mean_of
from retrieval.click_log import Booleans, ClickLog, Floats, ranks
from retrieval.counterfactual import Estimator
from retrieval.propensities import ENOUGH_SWAPPED_CLICKS
from retrieval.types import Json

# Held-out clicks below which an interval by resampling is not to be trusted.
ENOUGH_CLICKS = 100
# The same for questions.
ENOUGH_QUESTIONS = 30
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, why, and the figures it saw."""

    is_accepted: bool
    reason: str  # a sentence
    figures: Mapping[str, Json]


def by_clicks(log: ClickLog, held_out: Booleans, champion: Floats, challenger: Floats) -> Verdict:
    """Judges by the impressions held out [impressions]; both rankers' scores [rows] of every hit shown are given."""
    found = propensities.estimate(log)
    relevance = relevance_model.fit(log.part(~held_out), found.values).predict(log.features)
    own, other = counterfactual.gains(log, champion), counterfactual.gains(log, challenger)
    difference = counterfactual.estimate(log, other - own, relevance, found, held_out)
    clicks = int((log.clicks & held_out[log.impressions]).sum())
    figures = {
        "impressions": log.count,
        "held_out": int(held_out.sum()),
        "held_out_clicks": clicks,
        "effective_sample_size": round(counterfactual.effective_sample_size(log.part(held_out), found), 1),
        "propensities": {"method": found.method, "clicks": found.clicks, "values": found.as_list()},
        "champion": _shown(counterfactual.estimate(log, own, relevance, found, held_out)),
        "challenger": _shown(counterfactual.estimate(log, other, relevance, found, held_out)),
        "difference": _shown(difference),
    }
    if found.method != "swaps":
        return Verdict(
            False,
            "How much a position counts is not known well enough: clicks on neighbours whose order was left to a coin "
            f"are fewer than {ENOUGH_SWAPPED_CLICKS}. Set SCHOLIAST_EXPLORATION (0.1, for example) and wait.",
            figures,
        )
    if clicks < ENOUGH_CLICKS:
        return Verdict(False, f"There are {clicks} clicks to judge by; {ENOUGH_CLICKS} are needed.", figures)
    return _decided(difference["dr"], "DCG by clicks", figures)


def by_questions(gains: Floats) -> Verdict:
    """Judges by paired differences [questions] of nDCG@10 on questions that the challenger was not trained on."""
    found = mean_of(gains)
    figures = {"questions": len(gains), "difference": _shown({"nDCG@10": found})}
    if len(gains) < ENOUGH_QUESTIONS:
        reason = f"There are {len(gains)} questions to judge by; {ENOUGH_QUESTIONS} are needed."
        return Verdict(False, reason, figures)
    return _decided(found, "nDCG@10", figures)


def ndcg(log: ClickLog, scores: Floats) -> Floats:
    """nDCG@10 [impressions] of a ranker where `clicks` are not clicks but known answers; 0 where there are none."""
    place = ranks(log, scores)
    gain = np.where(place <= _DEPTH, log.clicks / np.log2(1 + place), 0.0)
    wanted = np.bincount(log.impressions, log.clicks, log.count).astype(np.int64)
    best = np.concatenate([[0.0], np.cumsum(1 / np.log2(1 + np.arange(1, _DEPTH + 1)))])[np.minimum(wanted, _DEPTH)]
    sums = np.bincount(log.impressions, gain, log.count)
    found: Floats = np.divide(sums, best, out=np.zeros(log.count), where=best > 0)
    return found


def _decided(difference: Estimate, measure: str, figures: Mapping[str, Json]) -> Verdict:
    said = f"{difference.value:+.4f} (95 % interval {difference.low:+.4f} to {difference.high:+.4f})"
    if difference.low > 0:
        return Verdict(True, f"Better: {measure} {said}.", figures)
    return Verdict(False, f"Not shown to be better: {measure} {said}.", figures)


def _shown(estimates: Mapping[Estimator, Estimate] | Mapping[str, Estimate]) -> Json:
    return {name: {part: round(value, 5) for part, value in asdict(found).items()} for name, found in estimates.items()}
