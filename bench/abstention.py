"""When to say that the documents do not tell: a model of many signals against a threshold on one.

Run by hand: `python -m bench.abstention FOLDER_OF_SQUAD`. Fits a logistic model on questions of `train` with and
without an answer in their passage, and reports on `test`: AUROC, how many questions can be answered with nine in ten of
them answerable from the passages shown, and the curve of risk over coverage (bench/results/abstention.json, .md, .png).
The signals are those of the search, of the question beside the sentences that speak most of it, and what the reader
makes of the passages shown; nothing is written.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib import pyplot
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.reader import open_quoter
from app.settings import Settings
from bench import corpora
from bench.corpora import Corpus
from bench.library import COLLECTION, filled
from bench.report import Report, Row, publish
from generation.answer import Quoter
from generation.claim_evidence import EvidenceFinder
from generation.claim_features import FEATURES, matrix
from retrieval.types import SearchRequest, SearchResult

QUESTIONS = {"train": 150, "test": 120}  # with an answer, and as many without
PASSAGES = 200
SHOWN = 3
PRECISION = 0.9
RESAMPLES = 1000
RESULTS = Path("bench/results/abstention.json")

Floats = NDArray[np.float64]


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="SQuAD in the BEIR layout.")],
    kept: Annotated[Path | None, typer.Option(help="Folder that keeps the embedded corpora for the next run.")] = None,
) -> None:
    """Fits, judges and publishes."""
    (fitted, labels), (held_out, right) = (_signals(folder, split, kept) for split in ("train", "test"))
    model: Any = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000))
    names = sorted(fitted)
    model.fit(_columns(fitted, names), labels)
    scores = {name: held_out[name] for name in ("evidence", "cosine", "quote")}
    scores["model of all signals"] = model.predict_proba(_columns(held_out, names))[:, 1]
    data = f"{folder.name} test, {len(right)} questions"
    rows = [row for system, found in scores.items() for row in _rows(system, data, found, right)]
    stated = {"questions": QUESTIONS, "passages": PASSAGES, "shown": SHOWN, "answerable": float(right.mean())}
    publish(Report("abstention", stated, rows), RESULTS)
    _plot(scores, right, RESULTS.with_suffix(".png"))


def _signals(folder: Path, split: str, kept: Path | None) -> tuple[Mapping[str, Floats], NDArray[np.bool_]]:
    """Every signal [questions], and whether the passages shown hold the answer."""
    passages, asked = corpora.asked(folder, split, QUESTIONS[split], PASSAGES)
    signals: dict[str, list[float]] = {}
    right = []
    with filled(Settings(), Corpus(folder.name, passages, {}, {}), kept) as (library, names):
        quoter = open_quoter(Settings(), library.embedder)
        for question in asked:
            result = library.retriever.search(SearchRequest(question.text, COLLECTION, 10))
            chance = {"quote": _of_quote(quoter, question.text, result)}
            for name, value in (_of_search(question.text, result) | chance).items():
                signals.setdefault(name, []).append(value)
            shown = {names[hit.chunk.document_id] for hit in result.hits[:SHOWN]}
            right.append(question.answerable and bool(shown & question.passages))
    return {name: np.array(values) for name, values in signals.items()}, np.array(right)


def _of_search(question: str, result: SearchResult) -> dict[str, float]:
    hits = result.hits
    scores = [hit.score for hit in hits[:SHOWN]]
    first = hits[0].why
    found = {
        "evidence": result.evidence,
        "cosine": float(result.trace.recorded("evidence", "cosine") or 0.0),
        "coverage": float(result.trace.recorded("evidence", "coverage") or 0.0),
        "best score": scores[0],
        "margin": scores[0] - scores[1],
        "spread": scores[0] - float(np.mean([hit.score for hit in hits])),
        "dense rank": math.log(first.get("dense_rank", 100.0)),
        "sparse rank": math.log(first.get("sparse_rank", 100.0)),
    }
    compared = EvidenceFinder(hits[:SHOWN]).find(question)
    values = matrix([compared], list(FEATURES))[0] if compared else np.zeros(len(FEATURES))
    return found | dict(zip(FEATURES, values.tolist(), strict=True))


def _of_quote(quoter: Quoter, question: str, result: SearchResult) -> float:
    """The chance that a sentence of the passages shown answers the question; 0 without a reader."""
    found = quoter(result.embedder, question, result.hits[:SHOWN], result.evidence)
    return (found.chance or 0.0) if found else 0.0


def _columns(signals: Mapping[str, Floats], names: Sequence[str]) -> Floats:
    return np.stack([signals[name] for name in names], axis=1)


def _rows(system: str, data: str, scores: Floats, right: NDArray[np.bool_]) -> list[Row]:
    generator = np.random.default_rng(0)
    drawn = [generator.integers(0, len(right), len(right)) for _ in range(RESAMPLES)]
    rows = []
    for metric, measure in (
        ("AUROC", lambda one, other: float(roc_auc_score(other, one))),
        (f"coverage at precision {PRECISION}", _coverage),
        ("area under risk over coverage", lambda one, other: float(np.mean(_risks(one, other)))),
    ):
        low, high = np.percentile([measure(scores[places], right[places]) for places in drawn], [2.5, 97.5])
        rows.append(Row(system, data, metric, measure(scores, right), float(low), float(high)))
    return rows


def _risks(scores: Floats, right: NDArray[np.bool_]) -> Floats:
    """The share of wrong ones among the questions with the highest scores, for every number of them."""
    ordered = right[np.argsort(-scores, kind="stable")]
    risks: Floats = 1 - np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return risks


def _coverage(scores: Floats, right: NDArray[np.bool_]) -> float:
    """The largest share of questions that can be answered at the precision."""
    enough = np.flatnonzero(_risks(scores, right) <= 1 - PRECISION)
    return float(enough[-1] + 1) / len(right) if len(enough) else 0.0


def _plot(scores: Mapping[str, Floats], right: NDArray[np.bool_], path: Path) -> None:
    figure, panel = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for system, found in scores.items():
        panel.plot(np.arange(1, len(right) + 1) / len(right), _risks(found, right), label=system)
    panel.set_xlabel("share of questions answered")
    panel.set_ylabel("share of them that the passages do not answer")
    panel.legend(frameon=False)
    panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    typer.run(main)
