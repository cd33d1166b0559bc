"""How far the hits speak to the question at all: the chance that they come from its subject, not from elsewhere.

Two signals that fail differently: the cosine of the best passage, and how much of the question's rare words the best
passages contain. A logistic model joins them; `bench/evidence.py` fits it and prints the figures. What a cosine means
differs from one embedding model to another, so each has a fit of its own; of a model without one only the words count.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.analysis import terms


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of the two signals."""

    name: str
    intercept: float
    cosine: float
    coverage: float


CALIBRATIONS: Mapping[str, Calibration] = {
    fitted.name: fitted
    for fitted in (
        Calibration("multilingual-e5-small", -69.87, 79.93, 9.08),
        Calibration("all-MiniLM-L6-v2", -13.73, 17.19, 16.20),
    )
}
WORDS_ALONE = Calibration("coverage alone", -6.22, 0.0, 16.76)
# Passages whose words may cover the question: an answer rarely hides deeper.
DEPTH = 5


def calibration_of(model_id: str) -> Calibration:
    """The fit for an embedding model, known by the name before its `@`; without one, that of the words alone."""
    return CALIBRATIONS.get(model_id.partition("@")[0], WORDS_ALONE)


def evidence(calibration: Calibration, cosine: float, coverage: float) -> float:
    """The calibrated chance, 0..1, that the best hits are about the question."""
    log_odds = calibration.intercept + calibration.cosine * cosine + calibration.coverage * coverage
    return 1 / (1 + math.exp(-log_odds))


def coverage(rarity: Mapping[str, float], passages: Sequence[str]) -> float:
    """The share of the question's rarity (idf) that the best single passage contains, 0..1."""
    total = sum(rarity.values())
    if not total:
        return 0.0
    found = (sum(rarity[term] for term in set(terms(passage)) & rarity.keys()) for passage in passages[:DEPTH])
    return max(found, default=0.0) / total
