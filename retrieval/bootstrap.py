"""Means with intervals, from values drawn anew (Efron, "Bootstrap methods: another look at the jackknife", 1979)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def mean_of(values: Sequence[float] | NDArray[np.float64]) -> Estimate:
    """The mean of the values, the same interval every time; 0 without any."""
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        return Estimate(0.0, 0.0, 0.0)
    drawn = np.random.default_rng(0).integers(0, len(array), (RESAMPLES, len(array)))
    low, high = np.percentile(array[drawn].mean(axis=1), [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high))
