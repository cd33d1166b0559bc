"""Fits the gate of query translation: when which strategy pays, from what costs next to nothing.

`python -m bench.train_translation DATA [--kept FOLDER]` searches the training questions of `bench/translation_sets.py`
with and without each strategy, fits a logistic model of "finds more" (questions weigh by how much), takes the threshold
with the highest mean gain on them, and writes `retrieval/translation/gate.json`. A strategy that gains
nothing on average even so is left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from app.settings import Settings
from bench import judged_sets, translation_sets
from bench.library import COLLECTION, filled
from bench.measures import by_query
from retrieval.translation.gate import GATE, SIGNALS, Chance
from retrieval.translation.strategies import AUTO
from retrieval.types import Json, SearchRequest

# Strategies that gain on some set of `dev`; the others are not worth a model.
CANDIDATES = ("iterative",)
# What running a strategy must gain, so that it is not run for nothing: it takes as long as a second search.
COST = 0.005
_HITS = 20
_MEASURES = ("nDCG@10", "recall@10")


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its signals, and what each strategy gained."""

    data: str
    signals: Sequence[float]
    gains: Mapping[str, float]


def main(
    data: Path, kept: Annotated[Path | None, typer.Option()] = None, queries: Annotated[int, typer.Option()] = 60
) -> None:
    """Fits, prints what it would have gained where, and writes the gate."""
    examples = [example for name in translation_sets.SETS for example in _examples(name, data, kept, queries)]
    fitted = {}
    for strategy in CANDIDATES:
        chance, gained = fit(examples, strategy)
        print(f"{strategy}: threshold {chance.threshold:.3f}, mean gain {gained:.4f}")
        _tell(examples, strategy, chance)
        if gained > 0:
            fitted[strategy] = asdict(chance)
    GATE.write_text(json.dumps(fitted, indent=1) + "\n")


def fit(examples: Sequence[Example], strategy: str) -> tuple[Chance, float]:
    """The model of when the strategy pays, and its mean gain on the examples less `COST` for each use."""
    signals = np.array([example.signals for example in examples])
    gains = np.array([example.gains[strategy] for example in examples]) - COST
    if not (gains > 0).any():  # nothing to learn: it never pays
        return Chance(0.0, {}, 1.0), 0.0
    mean, deviation = signals.mean(axis=0), np.maximum(signals.std(axis=0), 1e-6)
    # Sets count alike, however many questions each has.
    sizes = {name: sum(example.data == name for example in examples) for name in {item.data for item in examples}}
    share = np.array([1 / sizes[example.data] for example in examples])
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit((signals - mean) / deviation, gains > 0, sample_weight=np.abs(gains) * share / share.mean() * 10)
    weights = model.coef_[0] / deviation
    chance = Chance(
        round(float(model.intercept_[0] - weights @ mean), 6),
        {name: round(float(weight), 6) for name, weight in zip(SIGNALS, weights, strict=True)},
        0.0,
    )
    chances = np.array([chance.of(dict(zip(SIGNALS, row, strict=True))) for row in signals.tolist()])
    thresholds = np.quantile(chances, np.linspace(0, 1, 101))
    means = [_mean(gains * (chances >= threshold), share) for threshold in thresholds]
    best = int(np.argmax(means))
    return Chance(chance.intercept, chance.weights, round(float(thresholds[best]), 4)), means[best]


def _mean(values: NDArray[np.float64], share: NDArray[np.float64]) -> float:
    return float(np.average(values, weights=share))


def _tell(examples: Sequence[Example], strategy: str, chance: Chance) -> None:
    for name in dict.fromkeys(example.data for example in examples):
        own = [example for example in examples if example.data == name]
        used = [chance.of(dict(zip(SIGNALS, item.signals, strict=True))) >= chance.threshold for item in own]
        gains = np.array([item.gains[strategy] for item in own])
        print(f"  {name}: used for {np.mean(used):.2f}, gain {np.mean(gains * used):+.4f}, always {gains.mean():+.4f}")


def _examples(name: str, data: Path, kept: Path | None, queries: int) -> Sequence[Example]:
    """The mean of the gains in nDCG@10 and recall@10 for the training questions of a set."""
    found: list[Example] = []
    chosen = translation_sets.SETS[name]
    if not chosen.train or not (data / chosen.folder).exists():
        return found
    parts = judged_sets.load(name, data, sets=translation_sets.SETS)
    with filled(Settings(), next(iter(parts.values())), kept) as (library, ids):
        for part in list(chosen.train)[:1]:  # `train`, or `dev` of a set that has no other
            corpus = parts[part]
            ranked: dict[str, dict[str, Sequence[str]]] = {}
            signals: dict[str, Sequence[float]] = {}
            for query, question in list(corpus.queries.items())[:queries]:
                for names in ((), *((strategy,) for strategy in CANDIDATES)):
                    result = library.retriever.search(SearchRequest(question, COLLECTION, _HITS, translation=names))
                    found_ids = [ids[hit.chunk.document_id] for hit in result.hits]
                    ranked.setdefault("".join(names), {})[query] = list(dict.fromkeys(found_ids))
                gated = library.retriever.search(SearchRequest(question, COLLECTION, 1, translation=(AUTO,)))
                told: Json = gated.trace.recorded("translate", "gate")
                signals[query] = [told["signals"][signal] for signal in SIGNALS]
            values = {strategy: by_query(corpus.judgements, lists) for strategy, lists in ranked.items()}
            for query, row in signals.items():
                gains = {strategy: _gained(values[strategy], values[""], query) for strategy in CANDIDATES}
                found.append(Example(name, row, gains))
    return found


def _gained(found: Mapping[str, Mapping[str, float]], without: Mapping[str, Mapping[str, float]], query: str) -> float:
    return float(np.mean([found[measure][query] - without[measure][query] for measure in _MEASURES]))


if __name__ == "__main__":
    typer.run(main)
