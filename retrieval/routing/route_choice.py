"""Chooses the route of a question in a collection that asks for it, and judges routes by their own examples."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.routing.default_routes import DEFAULT_ROUTES
from retrieval.routing.nearest_route import NONE, Nearest, RouteModel, held_out_scores, learn
from retrieval.routing.routes import Route
from retrieval.store import collections, routes
from retrieval.store.database import Database
from retrieval.types import Embedder

# The setting of a collection that turns it on.
SETTING = "semantic_routing"
# Learnt routes that are kept; each is the vectors of some hundred examples.
_KEPT = 16


@dataclass(frozen=True, slots=True)
class ChosenRoute:
    """Where a question fell; without a route it is like none of the examples."""

    nearest: Nearest
    route: Route | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often examples of each route (rows) were taken for each (columns, the last one is none)."""

    names: Sequence[str]
    counts: NDArray[np.int64]  # [routes, routes + 1]
    threshold: float

    @property
    def accuracy(self) -> float:
        """The share of examples that came out as their own route."""
        return float(np.trace(self.counts) / max(self.counts.sum(), 1))


class RouteChooser:
    """Holds the database, the embedder that answers now, and the routes that were learnt last."""

    def __init__(self, database: Database, embedder: Callable[[], Embedder]) -> None:
        self._database = database
        self._embedder = embedder
        self._learnt: OrderedDict[tuple[str, tuple[Route, ...]], RouteModel] = OrderedDict()
        self._lock = threading.Lock()

    def choose(self, question: str, collection: str) -> ChosenRoute | None:
        """The route of the question; None in a collection that does not ask for routes. Raises `NotFound`."""
        with self._database.read() as connection:
            if not collections.get(connection, collection).settings.get(SETTING):
                return None
            known = self._of(routes.of_collection(connection, collection))
        embedder = self._embedder()
        nearest = self._model(known, embedder).nearest(embedder.embed_query(question))
        return ChosenRoute(nearest, next((route for route in known if route.name == nearest.name), None))

    def routes_of(self, collection: str) -> Sequence[Route]:
        """The routes of the collection: its own, or those that ship. Raises `NotFound`."""
        with self._database.read() as connection:
            collections.get(connection, collection)
            return self._of(routes.of_collection(connection, collection))

    def confusion(self, collection: str) -> Confusion:
        """Every example judged by routes that were learnt without it. Raises `NotFound`."""
        known = tuple(self.routes_of(collection))
        embedder = self._embedder()
        threshold = self._model(known, embedder).threshold
        vectors, labels = _examples(known, embedder)
        names = [route.name for route in known]
        places = np.array([names.index(label) for label in labels])
        scores = held_out_scores(vectors, places, len(names))
        found = np.where(scores.max(1) >= threshold, scores.argmax(1), len(names))
        counts = np.zeros((len(names), len(names) + 1), np.int64)
        np.add.at(counts, (places, found), 1)
        return Confusion([*names, NONE], counts, threshold)

    @staticmethod
    def _of(own: Sequence[Route]) -> tuple[Route, ...]:
        return tuple(own) or DEFAULT_ROUTES

    def _model(self, known: tuple[Route, ...], embedder: Embedder) -> RouteModel:
        key = (embedder.model_id, known)
        with self._lock:
            if key in self._learnt:
                self._learnt.move_to_end(key)
                return self._learnt[key]
        model = learn(*_examples(known, embedder), [route.name for route in known])
        with self._lock:
            self._learnt[key] = model
            while len(self._learnt) > _KEPT:
                self._learnt.popitem(last=False)
        return model


def _examples(known: Sequence[Route], embedder: Embedder) -> tuple[NDArray[np.float32], Sequence[str]]:
    """Vectors of all examples [examples, dimension], and the route of each."""
    vectors = np.stack([embedder.embed_query(example) for route in known for example in route.examples])
    return vectors, [route.name for route in known for _ in route.examples]
