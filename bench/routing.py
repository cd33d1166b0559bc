"""Routing: to which source a question goes, and to which of several named routes.

Logical routing on questions of our own over the sample documents (`bench/questions/routing.jsonl`), half of them held
out. Semantic routing on CLINC150, where a folder has `routing/clinc150.jsonl.gz`: accuracy beside logistic regression
and centroids on the same vectors, and how much of what is out of scope is recognised. No language model
takes part.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from app.settings import Settings
from bench.report import Report, Row, bootstrap
from bench.routing_model import Labelled, labelled
from retrieval.embedding import SentenceEmbedder
from retrieval.routing.default_routes import DEFAULT_ROUTES
from retrieval.routing.logical import chances
from retrieval.routing.names import SOURCES
from retrieval.routing.nearest_route import Floats, held_out_scores, learn, score
from retrieval.routing.source_router import CONSULTED
from retrieval.types import Embedder

PRECISION = 0.95
_EMBEDDED_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Utterances:
    """Texts with their intents; those out of scope have none."""

    vectors: Floats
    intents: NDArray[np.str_]
    splits: NDArray[np.str_]

    def of(self, split: str) -> tuple[Floats, NDArray[np.str_]]:
        """Vectors and intents of a split."""
        chosen = self.splits == split
        return self.vectors[chosen], self.intents[chosen]


def run(settings: Settings, data: Path | None, kept: Path | None) -> Report:
    """Accuracy of both kinds of routing."""
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    rows = [*_logical(list(labelled())), *_shipped(embedder)]
    if data is not None and (data / "routing" / "clinc150.jsonl.gz").exists():
        rows += _clinc(_utterances(data / "routing" / "clinc150.jsonl.gz", embedder, kept))
    return Report("routing", {"embedder": settings.embedding_model}, rows, plotted=["accuracy", "consulted"])


def _logical(questions: Sequence[Labelled]) -> Iterator[Row]:
    for part in dict.fromkeys(item.part for item in questions):
        asked = [item for item in questions if item.part == part]
        found = [chances(item.question, item.of_tables) for item in asked]
        best = [max(given, key=lambda name: given[name]) for given in found]
        yield bootstrap("signals", part, "accuracy", [one == item.label for one, item in zip(best, asked, strict=True)])
        for source in SOURCES:
            right = [one == source for one, item in zip(best, asked, strict=True) if item.label == source]
            yield bootstrap("signals", f"{part}, {source}", "accuracy", right)
        for source, least in CONSULTED.items():
            own = [given[source] >= least for given, item in zip(found, asked, strict=True) if item.label == source]
            yield bootstrap("signals", f"{part}, {source}", "consulted", own)
        yield Row("signals", part, "questions", len(asked))


def _shipped(embedder: Embedder) -> Iterator[Row]:
    """The routes that ship, each example judged by the others."""
    vectors = np.stack([embedder.embed_query(example) for route in DEFAULT_ROUTES for example in route.examples])
    places = np.array([place for place, route in enumerate(DEFAULT_ROUTES) for _ in route.examples])
    scores = held_out_scores(vectors, places, len(DEFAULT_ROUTES))
    right = (scores.argmax(1) == places).tolist()
    yield bootstrap("directions", "routes that ship, examples held out in turn", "accuracy", right)


def _utterances(path: Path, embedder: SentenceEmbedder, kept: Path | None) -> Utterances:
    entries = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    vectors_path = kept / f"clinc150-{embedder.model_id}.npy" if kept else None
    if vectors_path is not None and vectors_path.exists():
        vectors: Floats = np.load(vectors_path)
    else:
        texts = [entry["text"] for entry in entries]
        batches = range(0, len(texts), _EMBEDDED_AT_ONCE)
        vectors = np.concatenate([embedder.embed_queries(texts[at : at + _EMBEDDED_AT_ONCE]) for at in batches])
        if vectors_path is not None:
            vectors_path.parent.mkdir(parents=True, exist_ok=True)
            np.save(vectors_path, vectors)
    intents = np.array([entry["intent"] for entry in entries])
    return Utterances(vectors, intents, np.array([entry["split"] for entry in entries]))


def _clinc(utterances: Utterances) -> Iterator[Row]:
    """Trained on `train`; the threshold of the model is the one that it fits itself."""
    examples, labels = utterances.of("train")
    names = sorted(set(labels.tolist()))
    asked, wanted = utterances.of("test")
    foreign, _ = utterances.of("oos_test")
    model = learn(examples, labels.tolist(), names)
    places = np.array([names.index(label) for label in wanted])
    centroids = np.stack([examples[labels == name].mean(0) for name in names])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    regression = LogisticRegression(C=30, max_iter=60).fit(examples, labels)
    scored = {
        "directions": (score(model.mean, model.directions, asked), score(model.mean, model.directions, foreign)),
        "centroids": (asked @ centroids.T, foreign @ centroids.T),
        "logistic regression": (regression.decision_function(asked), regression.decision_function(foreign)),
    }
    for system, (own, others) in scored.items():
        yield bootstrap(system, "CLINC150 test", "accuracy", (own.argmax(1) == places).tolist())
        recall, kept = _out_of_scope(own.max(1), others.max(1))
        yield Row(system, "CLINC150 test", f"out of scope recognised at {PRECISION:.0%} in-scope precision", recall)
        yield Row(system, "CLINC150 test", "in scope kept at that", kept)
    own, others = scored["directions"]
    yield bootstrap("directions", "CLINC150 test", "in scope kept at its own threshold", own.max(1) >= model.threshold)
    unknown = others.max(1) < model.threshold
    yield bootstrap("directions", "CLINC150 test", "out of scope recognised at its own threshold", unknown.tolist())


def _out_of_scope(own: Floats, foreign: Floats) -> tuple[float, float]:
    """At the lowest threshold above which `PRECISION` is in scope: the share of foreign texts below, of own above."""
    scores = np.concatenate([own, foreign])
    in_scope = np.concatenate([np.ones(len(own)), np.zeros(len(foreign))])
    order = np.argsort(-scores, kind="stable")
    precision = np.cumsum(in_scope[order]) / np.arange(1, len(order) + 1)
    threshold = scores[order][int(np.flatnonzero(precision >= PRECISION).max())]
    return float((foreign < threshold).mean()), float((own >= threshold).mean())
