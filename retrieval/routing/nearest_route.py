"""Which of several named routes a question is nearest to in meaning, or none of them.

Each route has example questions. One direction a route is learnt from their vectors: softmax regression on centred
unit vectors, from zero, for few steps. Its first step gives the centroids, the others move them apart where routes lie
close: 0.955 on CLINC150 where centroids reach 0.916 (docs/decisions.md). Below a threshold it is none; the threshold
comes from the examples themselves, each judged by routes that were learnt without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NONE = "none"
_SCALE = 10.0  # of the logits: unit vectors are at most 1 apart from their direction
_STEPS = 50
_RATE = 2.0
_DECAY = 1e-5
_FOLDS = 5
# Share of the examples that the threshold keeps when they are judged by the others.
KEPT = 0.95


@dataclass(frozen=True, slots=True)
class Nearest:
    """The route of a question, by name; `score` against `threshold` decided whether it is any."""

    name: str
    score: float
    threshold: float
    scores: Mapping[str, float]  # of all routes


@dataclass(frozen=True, slots=True)
class RouteModel:
    """Routes as directions in the space of an embedding model."""

    names: tuple[str, ...]
    mean: Floats  # [dimension] of the examples
    directions: Floats  # [dimension, routes]
    threshold: float

    def nearest(self, vector: Floats) -> Nearest:
        """The route of a question's vector [dimension]."""
        scores = score(self.mean, self.directions, vector[np.newaxis])[0]
        best = int(scores.argmax())
        name = self.names[best] if scores[best] >= self.threshold else NONE
        shown = dict(zip(self.names, scores.tolist(), strict=True))
        return Nearest(name, float(scores[best]), self.threshold, shown)


def learn(vectors: Floats, labels: Sequence[str], names: Sequence[str]) -> RouteModel:
    """Routes from unit vectors [examples, dimension] and the name of each."""
    places = np.array([names.index(label) for label in labels])
    threshold = _threshold(vectors, places, len(names))
    mean, directions = _learnt(vectors, places, len(names))
    return RouteModel(tuple(names), mean, directions, threshold)


def held_out_scores(vectors: Floats, places: NDArray[np.int64], routes: int) -> Floats:
    """The scores [examples, routes] of every example by routes that were learnt without its fold."""
    folds = _folds(places)
    scores = np.zeros((len(vectors), routes), np.float32)
    for fold in range(_FOLDS):
        out = folds == fold
        if out.any() and not out.all():
            mean, directions = _learnt(vectors[~out], places[~out], routes)
            scores[out] = score(mean, directions, vectors[out])
    return scores


def score(mean: Floats, directions: Floats, vectors: Floats) -> Floats:
    """The scores [vectors, routes]: inner products with the centred unit vectors."""
    found: Floats = _centred(vectors, mean) @ directions
    return found


def _threshold(vectors: Floats, places: NDArray[np.int64], routes: int) -> float:
    """What all but a few of the rightly routed examples reach."""
    scores = held_out_scores(vectors, places, routes)
    right = scores.argmax(1) == places
    return float(np.quantile(scores[right].max(1), 1 - KEPT)) if right.any() else float("inf")


def _folds(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """A fold for each example, so that every route has some in each."""
    folds = np.zeros(len(places), np.int64)
    for route in np.unique(places):
        members = np.flatnonzero(places == route)
        folds[members] = np.arange(len(members)) % _FOLDS
    return folds


def _learnt(vectors: Floats, places: NDArray[np.int64], routes: int) -> tuple[Floats, Floats]:
    """The mean of the examples and a direction for each route, by Nesterov's accelerated gradient."""
    mean: Floats = vectors.mean(0)
    centred = _centred(vectors, mean)
    wanted = np.zeros((len(places), routes), np.float32)
    wanted[np.arange(len(places)), places] = 1
    directions = np.zeros((vectors.shape[1], routes), np.float32)
    moved = np.zeros_like(directions)
    for step in range(_STEPS):
        ahead = directions + moved * (step / (step + 3))
        logits = _SCALE * (centred @ ahead)
        shares = np.exp(logits - logits.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        gradient = _SCALE * (centred.T @ (shares - wanted)) / len(places) + _DECAY * ahead
        further = ahead - _RATE * gradient
        moved, directions = further - directions, further
    return mean, directions.astype(np.float32)


def _centred(vectors: Floats, mean: Floats) -> Floats:
    centred = vectors - mean
    unit: Floats = (centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit
