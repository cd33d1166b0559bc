"""How likely a hit is to be relevant, by its features, learnt from clicks that were seen only where somebody looked.

The position-based model says that a click needs a look at the position and a relevant hit: P(click) = theta[position] *
gamma(features). Expectation maximisation splits each click that did not happen into "not looked at" and "not relevant"
(Wang, Golbandi, Bendersky, Metzler and Najork, "Position Bias Estimation for Unbiased Learning to Rank in Personal
Search", WSDM 2018). Their regression is gradient boosting; here it is logistic, which a few hundred clicks can fill.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from retrieval.click_log import ClickLog, Floats

# Iterations after which neither part of the model moves any more in the third digit.
ITERATIONS = 60
# Pulls weights of features that say nothing to 0, in rows of standardised features.
RIDGE = 5.0
# Looks at the first position are certain, by definition: only the ratios between positions can be told from clicks.
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class RelevanceModel:
    """Logistic over standardised features."""

    weights: Floats  # [features + 1], the intercept last
    means: Floats  # [features]
    deviations: Floats  # [features]

    def predict(self, features: Floats) -> Floats:
        """The chance [rows] that each is relevant."""
        return _sigmoid(self._design(features) @ self.weights)

    def _design(self, features: Floats) -> Floats:
        return _with_intercept((features - self.means) / self.deviations)


def fit(log: ClickLog, propensities: Floats) -> RelevanceModel:
    """The model of relevance for known propensities [positions]."""
    return _maximise(log, propensities, lambda looked: propensities)[0]


def fit_both(log: ClickLog) -> tuple[RelevanceModel, Floats]:
    """The model and the propensities [positions], the first 1, of a log in which nothing was left to chance.

    It can tell the two apart only because similar hits were shown at different positions for different queries, and as
    far as a logistic model describes relevance.
    """
    rows = np.bincount(log.positions - 1, minlength=log.depth).astype(np.float64)

    def shares(looked: Floats) -> Floats:
        sums = np.bincount(log.positions - 1, looked, log.depth)
        found: Floats = np.clip(sums / np.maximum(rows, 1), _LEAST, 1.0)
        return found

    model, propensities = _maximise(log, 1 / np.arange(1, log.depth + 1), shares)
    return model, np.clip(propensities / propensities[0], _LEAST, 1.0)


def _maximise(log: ClickLog, start: Floats, update: Callable[[Floats], Floats]) -> tuple[RelevanceModel, Floats]:
    """Alternates between who was looked at and relevant, and the parameters that make this likeliest."""
    means = log.features.mean(axis=0) if len(log.features) else np.zeros(log.features.shape[1])
    deviations = np.maximum(log.features.std(axis=0), 1e-9) if len(log.features) else np.ones_like(means)
    design = _with_intercept((log.features - means) / deviations)
    weights, propensities = np.zeros(design.shape[1]), start
    for _ in range(ITERATIONS):
        relevance, look = _sigmoid(design @ weights), propensities[log.positions - 1]
        neither = np.maximum(1 - look * relevance, 1e-9)
        relevant = np.where(log.clicks, 1.0, relevance * (1 - look) / neither)
        looked = np.where(log.clicks, 1.0, look * (1 - relevance) / neither)
        weights = _newton(design, relevant, weights)
        propensities = update(looked)
    return RelevanceModel(weights, means, deviations), propensities


def _newton(design: Floats, labels: Floats, weights: Floats) -> Floats:
    """One step towards the logistic regression of labels between 0 and 1."""
    predicted = _sigmoid(design @ weights)
    curvature = np.maximum(predicted * (1 - predicted), 1e-6)
    penalty = np.full(len(weights), RIDGE)
    penalty[-1] = 0.1  # the intercept
    gradient = design.T @ (labels - predicted) - penalty * weights
    hessian = (design * curvature[:, None]).T @ design + np.diag(penalty)
    step = np.asarray(np.linalg.solve(hessian, gradient), dtype=np.float64)
    moved: Floats = weights + np.clip(step, -2.0, 2.0)
    return moved


def _sigmoid(values: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(values, -30, 30)))
    return found


def _with_intercept(features: Floats) -> Floats:
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)
