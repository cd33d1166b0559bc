"""Trains the choice of the sentence to quote that ships, and judges it on questions it never saw.

Run by hand when features, sentence splitting or the reader change: `python -m bench.train_quotes FOLDER --kept KEPT`,
where the folder holds corpora in the BEIR layout (squad, nq_gold, cmrc2018, hotpotqa200). Every question is searched in
a pool of passages by the service's own search, as it comes. Writes generation/quote_model.txt and
generation/quote_calibration.json, and prints how often the chosen sentence holds the answer, beside the embedder's
choice and the best there is. The reader was trained on the `train` splits, so this learns from `dev`, whose questions
the reader answers as it answers anybody's. The same data give the same files.
"""

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import lightgbm
import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from app.reader import open_reader, reader_name
from app.settings import Settings
from bench import corpora, examples
from bench.answer_measures import contains
from bench.corpora import Corpus, Question
from bench.library import COLLECTION, Library, filled, opened
from generation.answer_overlap import best
from generation.passage_choice import distinct
from generation.quote_candidates import Gathered, gather
from generation.quote_choice import CALIBRATION, QUOTE_MODEL, Calibration
from generation.quote_features import FEATURES, matrix
from generation.quoting import WEIGHT_COVERAGE
from generation.reader import Reader
from retrieval import tree_ensemble
from retrieval.errors import ModelUnavailable
from retrieval.types import SearchRequest

# Answerable questions of each corpus, and as many unanswerable ones where it has any.
FITTED: Mapping[str, int] = {"squad": 200, "nq_gold": 150, "cmrc2018": 120, "hotpotqa200": 60}
HELD_OUT: Mapping[str, int] = {"squad": 120, "nq_gold": 100, "cmrc2018": 100}
PASSAGES = 600
SHOWN = 5
# Sentences of a question that chances are fitted on: so many may be quoted.
QUOTED = 2
TREES = 120
FOLDS = 5
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 4,
    "learning_rate": 0.06,
    "min_data_in_leaf": 15,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "seed": 0,
    "verbose": -1,
}
# From this chance on, by the reader, its span is the whole answer.
SHORT = 0.8

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its candidates [sentences, features], and of each whether it holds the answer."""

    data: str
    gathered: Gathered
    places: Sequence[int]
    features: Floats
    right: NDArray[np.bool_]  # in a passage that answers the question: what is learnt
    contained: NDArray[np.bool_]  # in any passage: what figures are given of
    answerable: bool


def main(
    data: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of corpora in the BEIR layout.")],
    kept: Annotated[Path | None, typer.Option(help="Folder that keeps what was embedded and read.")] = None,
    out: Annotated[Path, typer.Option(help="File for the trees; the calibration goes beside it.")] = QUOTE_MODEL,
) -> None:
    """Fits, judges, writes."""
    settings = Settings()
    fitted = [case for name, count in FITTED.items() for case in _cases(settings, data / name, "dev", count, kept)]
    model = _trained(fitted)
    out.write_text(model.model_to_string())
    calibration = _calibrated(fitted)
    (out.parent / CALIBRATION.name).write_text(json.dumps(asdict(calibration), indent=2) + "\n")
    trees = tree_ensemble.read(model.model_to_string())
    print("| questions | | the best there is | the embedder's | chosen | told from wrong |")
    for name, count in HELD_OUT.items():
        _print(trees, _cases(settings, data / name, "test", count, kept))
    own = _own(settings)
    for language in ("en", "zh"):
        _print(trees, [case for case in own if case.data == language])


def _cases(settings: Settings, folder: Path, split: str, count: int, kept: Path | None) -> Sequence[Case]:
    passages, asked = corpora.asked(folder, split, count, PASSAGES)
    path = kept and kept / f"{folder.name}-{split}-{count}-{reader_name(settings)}.pickle"
    if path is None or not path.exists():
        with filled(settings, Corpus(folder.name, passages, {}, {}), kept) as (library, names):
            reader = _reader(settings, library)
            found = [_gathered(library, reader, names, question) for question in asked]
        if path is None:
            return _labelled(folder.name, asked, found)
        path.write_bytes(pickle.dumps(found))
    return _labelled(folder.name, asked, pickle.loads(path.read_bytes()))  # noqa: S301 - written by the line above


def _own(settings: Settings) -> Sequence[Case]:
    """The sample documents' questions, which nothing was fitted on; `data` is the language."""
    cases: list[Case] = []
    with opened(settings) as library:
        names = examples.store(library)
        library.build()
        reader = _reader(settings, library)
        for entry in examples.everything():
            if entry["answer_any"]:
                question = Question(
                    entry["id"], entry["question"], entry["answer_any"], frozenset(entry["documents"]), True
                )
                cases += _labelled(entry["language"], [question], [_gathered(library, reader, names, question)])
    return cases


def _reader(settings: Settings, library: Library) -> Reader:
    reader = open_reader(settings, library.embedder)
    if reader is None:
        raise ModelUnavailable("Quotes are learnt from what the reader finds; see SCHOLIAST_READER.")
    return reader


def _gathered(
    library: Library, reader: Reader, names: Mapping[str, str], question: Question
) -> tuple[Gathered, Sequence[bool]]:
    """The candidates, and of each passage shown whether it is one that answers."""
    result = library.retriever.search(SearchRequest(question.text, COLLECTION, 10))
    hits = distinct(result.hits)[:SHOWN]
    answering = [names[hit.chunk.document_id] in question.passages for hit in hits]
    return gather(library.embedder, reader, question.text, hits, result.evidence), answering


def _labelled(data: str, asked: Sequence[Question], found: Sequence[tuple[Gathered, Sequence[bool]]]) -> Sequence[Case]:
    cases = []
    for question, (gathered, answering) in zip(asked, found, strict=True):
        places = [place for place, sentence in enumerate(gathered.sentences) if sentence.quotable]
        if places:
            sentences = [gathered.sentences[place] for place in places]
            contained = np.array([best(contains, one.text, question.answers) > 0 for one in sentences])
            in_place = np.array([answering[one.passage] for one in sentences])
            features = matrix(gathered, places, list(FEATURES))
            cases.append(Case(data, gathered, places, features, contained & in_place, contained, question.answerable))
    return cases


def _trained(cases: Sequence[Case]) -> lightgbm.Booster:
    """Trees for questions that have an answer; of the others every sentence would be as wrong as the next."""
    told = [case for case in cases if case.answerable]
    rows, labels = np.concatenate([case.features for case in told]), np.concatenate([case.right for case in told])
    data = lightgbm.Dataset(rows, labels.astype(float), feature_name=list(FEATURES))
    return lightgbm.train(PARAMETERS, data, TREES)


def _calibrated(cases: Sequence[Case]) -> Calibration:
    """Chances fitted on questions that the trees in question did not see, those without an answer among them."""
    scores: list[float] = []
    right: list[bool] = []
    for fold in range(FOLDS):
        trees = tree_ensemble.read(
            _trained([case for number, case in enumerate(cases) if number % FOLDS != fold]).model_to_string()
        )
        for case in cases[fold::FOLDS]:
            found = trees.predict(case.features)
            for place in np.argsort(-found)[:QUOTED]:
                scores.append(float(found[place]))
                right.append(bool(case.right[place]))
    fit: Any = LogisticRegression(C=1.0).fit(np.array(scores)[:, None], right)
    return Calibration(float(fit.coef_[0, 0]), float(fit.intercept_[0]), SHORT)


def _chosen(trees: tree_ensemble.TreeEnsemble, case: Case) -> tuple[float, int]:
    scores = trees.predict(case.features)
    place = int(scores.argmax())
    return float(scores[place]), place


def _print(trees: tree_ensemble.TreeEnsemble, cases: Sequence[Case]) -> None:
    asked = [case for case in cases if case.answerable]
    cosine, shared = list(FEATURES).index("cosine"), list(FEATURES).index("held_with_headings")
    nearest = [
        case.contained[(case.features[:, cosine] + WEIGHT_COVERAGE * case.features[:, shared]).argmax()]
        for case in asked
    ]
    chosen = [case.contained[_chosen(trees, case)[1]] for case in asked]
    there = [case.contained.any() for case in asked]
    every = [_chosen(trees, case) for case in cases]
    told = roc_auc_score(
        [case.answerable and bool(case.contained[place]) for case, (_, place) in zip(cases, every, strict=True)],
        [score for score, _ in every],
    )
    figures = " | ".join(f"{float(np.mean(values)):.3f}" for values in (there, nearest, chosen))
    print(f"| {cases[0].data} | {len(asked)} of {len(cases)} | {figures} | {told:.3f} |")


if __name__ == "__main__":
    typer.run(main)
