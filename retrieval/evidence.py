"""How far the hits speak to the question at all: the chance that they come from its subject, not from elsewhere.

Two signals that fail differently: the cosine of the best passage, and how much of the question's rare words the best
passages contain. A logistic model joins them; `bench/evidence.py` fits it and prints the figures.
"""

import math
from collections.abc import Mapping, Sequence

from retrieval.analysis import terms

INTERCEPT = -69.87
WEIGHT_COSINE = 79.93
WEIGHT_COVERAGE = 9.08
# Passages whose words may cover the question: an answer rarely hides deeper.
DEPTH = 5


def evidence(cosine: float, coverage: float) -> float:
    """The calibrated chance, 0..1, that the best hits are about the question."""
    return 1 / (1 + math.exp(-(INTERCEPT + WEIGHT_COSINE * cosine + WEIGHT_COVERAGE * coverage)))


def coverage(rarity: Mapping[str, float], passages: Sequence[str]) -> float:
    """The share of the question's rarity (idf) that the best single passage contains, 0..1."""
    total = sum(rarity.values())
    if not total:
        return 0.0
    found = (sum(rarity[term] for term in set(terms(passage)) & rarity.keys()) for passage in passages[:DEPTH])
    return max(found, default=0.0) / total
