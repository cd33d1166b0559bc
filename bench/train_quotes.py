"""Trains the choice of the sentence to quote that ships, and judges it on questions it never saw.

Run by hand when features, sentence splitting or the reader change: `python -m bench.train_quotes FOLDER --kept KEPT`,
where the folder holds `beir/` with corpora (squad, nq_gold, cmrc2018, hotpotqa200) and `tasks/tables/` with TAT-QA and
FeTaQA. Every question is searched in a pool of passages or pages by the service's own search, as it comes. Writes
generation/quote_model.txt and generation/quote_calibration.json, and prints how often the chosen sentence holds the
answer, beside the embedder's choice and the best there is. The reader was trained on the `train` splits, so this learns
from `dev`, whose questions the reader answers as it answers anybody's. The same data give the same files.
"""

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
from bench import corpora, examples, table_pages
from bench.answer_measures import contains
from bench.corpora import Corpus, Question
from bench.library import COLLECTION, Library, filled, opened
from generation.answer_overlap import best
from generation.passage_choice import distinct
from generation.quote_candidates import Gathered, gather
from generation.quote_choice import CALIBRATION, QUOTE_MODEL, Calibration, shares
from generation.quote_features import FEATURES, matrix
from generation.quoting import WEIGHT_COVERAGE
from generation.reader import Reader
from retrieval import tree_ensemble
from retrieval.errors import ModelUnavailable
from retrieval.types import SearchRequest

# Answerable questions of each corpus, and as many unanswerable ones where it has any.
FITTED: Mapping[str, int] = {
    "squad": 200,
    "nq_gold": 150,
    "cmrc2018": 120,
    "hotpotqa200": 60,
    "tatqa": 150,
    "fetaqa": 150,
}
HELD_OUT: Mapping[str, int] = {"squad": 120, "nq_gold": 100, "cmrc2018": 100, "tatqa": 80, "fetaqa": 80}
TABLES = ("tatqa", "fetaqa")
PASSAGES = 600
SHOWN = 5
# Sentences of a question that chances are fitted on: so many may be quoted.
QUOTED = 2
TREES = 60
FOLDS = 5
PARAMETERS = {
    "objective": "lambdarank",
    "num_leaves": 8,
    "learning_rate": 0.06,
    "min_data_in_leaf": 15,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "seed": 0,
    "verbose": -1,
}
ANSWERABLE = list(FEATURES).index("answerable")
# Of the questions of the set that has unanswerable ones too, so many that have an answer may count as if they had none;
# that set's questions were asked of one passage, so people's are not refused more often.
WRONGLY_REFUSED = 0.07

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, every sentence of the passages found for it, and of each passage whether it is one that answers."""

    question: Question
    gathered: Gathered
    answering: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its candidates [sentences, features], and of each whether it holds the answer."""

    data: str
    features: Floats
    right: NDArray[np.bool_]  # in a passage that answers the question: what is learnt
    contained: NDArray[np.bool_]  # in any passage: what figures are given of
    answerable: bool
    likeliest: float  # 0..1, by the reader: the chance of the passage that is likeliest to answer


def main(
    data: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder with `beir/` and `tasks/tables/`.")
    ],
    kept: Annotated[Path | None, typer.Option(help="Folder that keeps what was found and read.")] = None,
    out: Annotated[Path, typer.Option(help="File for the trees; the calibration goes beside it.")] = QUOTE_MODEL,
) -> None:
    """Fits, judges, writes."""
    settings = Settings()
    fitted = [case for name in FITTED for case in _labelled(name, _asked(settings, data, name, "dev", kept))]
    model = _trained(fitted)
    out.write_text(model.model_to_string())
    calibration = replace(_calibrated(fitted), reader=reader_name(settings))
    (out.parent / CALIBRATION.name).write_text(json.dumps(asdict(calibration), indent=2) + "\n")
    trees = tree_ensemble.read(model.model_to_string())
    print("| questions | | the best there is | the embedder's | chosen | chosen, two | told from wrong | refused |")
    for name in HELD_OUT:
        _print(trees, calibration, _labelled(name, _asked(settings, data, name, "test", kept)))
    own = _own(settings)
    for language in ("en", "zh"):
        _print(trees, calibration, [case for case in own if case.data == language])


def _asked(settings: Settings, data: Path, name: str, split: str, kept: Path | None) -> Sequence[Asked]:
    """The questions of a set, with their candidates; those that an earlier run kept are used again."""
    count = (FITTED if split == "dev" else HELD_OUT)[name]
    path = kept and kept / f"{name}-{split}-{count}-{reader_name(settings)}.pickle"
    if path is not None and path.exists():
        kept_before: Sequence[Asked] = pickle.loads(path.read_bytes())  # noqa: S301 - written below
        return kept_before
    gathering = _of_tables if name in TABLES else _of_passages
    found = gathering(settings, data, name, split, count)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(found))
    return found


def _of_passages(settings: Settings, data: Path, name: str, split: str, count: int) -> Sequence[Asked]:
    passages, asked = corpora.asked(data / "beir" / name, split, count, PASSAGES)
    with filled(settings, Corpus(name, passages, {}, {}), None) as (library, names):
        reader = _reader(settings, library)
        return [_gathered(library, reader, names, question) for question in asked]


def _of_tables(settings: Settings, data: Path, name: str, split: str, count: int) -> Sequence[Asked]:
    shown = table_pages.pages(data / "tasks" / "tables", name, split, count)
    with opened(settings) as library:
        names = {library.add(f"{page.name}.html", page.content).id: page.name for page in shown}
        library.build()
        reader = _reader(settings, library)
        return [_gathered(library, reader, names, question) for page in shown for question in page.questions]


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
                cases += _labelled(entry["language"], [_gathered(library, reader, names, question)])
    return cases


def _reader(settings: Settings, library: Library) -> Reader:
    reader = open_reader(settings, library.embedder)
    if reader is None:
        raise ModelUnavailable("Quotes are learnt from what the reader finds; see SCHOLIAST_READER.")
    return reader


def _gathered(library: Library, reader: Reader, names: Mapping[str, str], question: Question) -> Asked:
    result = library.retriever.search(SearchRequest(question.text, COLLECTION, 10))
    hits = distinct(result.hits)[:SHOWN]
    answering = [names[hit.chunk.document_id] in question.passages for hit in hits]
    return Asked(question, gather(library.embedder, reader, question.text, hits, result.evidence), answering)


def _labelled(data: str, found: Sequence[Asked]) -> Sequence[Case]:
    """Cases of those that anything can be quoted for."""
    cases = []
    for asked in found:
        question, gathered = asked.question, asked.gathered
        places = [place for place, sentence in enumerate(gathered.sentences) if sentence.quotable]
        if places:
            sentences = [gathered.sentences[place] for place in places]
            contained = np.array([best(contains, one.text, question.answers) > 0 for one in sentences])
            in_place = np.array([asked.answering[one.passage] for one in sentences])
            features = matrix(gathered, places, list(FEATURES))
            likeliest = max(gathered.chances)
            cases.append(Case(data, features, contained & in_place, contained, question.answerable, likeliest))
    return cases


def _trained(cases: Sequence[Case]) -> lightgbm.Booster:
    """Trees for questions that have an answer; of the others every sentence would be as wrong as the next."""
    told = [case for case in cases if case.answerable]
    rows, labels = np.concatenate([case.features for case in told]), np.concatenate([case.right for case in told])
    groups = [len(case.right) for case in told]
    data = lightgbm.Dataset(rows, labels.astype(float), group=groups, feature_name=list(FEATURES))
    return lightgbm.train(PARAMETERS, data, TREES)


def _calibrated(cases: Sequence[Case]) -> Calibration:
    """Chances fitted on questions that the trees in question did not see, those without an answer among them."""
    signals: list[tuple[float, float, float]] = []
    right: list[bool] = []
    for fold in range(FOLDS):
        trees = tree_ensemble.read(
            _trained([case for number, case in enumerate(cases) if number % FOLDS != fold]).model_to_string()
        )
        for case in cases[fold::FOLDS]:
            found = trees.predict(case.features)
            share = shares(found)
            for place in np.argsort(-found)[:QUOTED]:
                signals.append((float(found[place]), float(share[place]), float(case.features[place, ANSWERABLE])))
                right.append(bool(case.right[place]))
    fit: Any = LogisticRegression(C=1.0).fit(np.array(signals), right)
    score, share, answerable = fit.coef_[0].tolist()
    return Calibration(score, share, answerable, float(fit.intercept_[0]), _answered_from(cases))


def _answered_from(cases: Sequence[Case]) -> float:
    """The reader's chance of the best passage from which on a question counts as answered."""
    sets = {case.data for case in cases if not case.answerable}
    chances = [case.likeliest for case in cases if case.answerable and case.data in sets]
    return round(float(np.quantile(chances, WRONGLY_REFUSED)), 4)


def _chosen(trees: tree_ensemble.TreeEnsemble, calibration: Calibration, case: Case) -> tuple[float, int]:
    """The chance of the sentence that is chosen, and its place."""
    scores = trees.predict(case.features)
    place = int(scores.argmax())
    answerable = float(case.features[place, ANSWERABLE])
    return calibration.chance(float(scores[place]), float(shares(scores)[place]), answerable), place


def _print(trees: tree_ensemble.TreeEnsemble, calibration: Calibration, cases: Sequence[Case]) -> None:
    asked = [case for case in cases if case.answerable]
    cosine, shared = list(FEATURES).index("cosine"), list(FEATURES).index("held_with_headings")
    ranked = [np.argsort(-trees.predict(case.features), kind="stable")[:QUOTED] for case in asked]
    by_system = {
        "there": [case.contained.any() for case in asked],
        "embedder": [
            case.contained[(case.features[:, cosine] + WEIGHT_COVERAGE * case.features[:, shared]).argmax()]
            for case in asked
        ],
        "chosen": [case.contained[order[0]] for case, order in zip(asked, ranked, strict=True)],
        "first two": [case.contained[order].any() for case, order in zip(asked, ranked, strict=True)],
    }
    every = [_chosen(trees, calibration, case) for case in cases]
    told = roc_auc_score(
        [case.answerable and bool(case.contained[place]) for case, (_, place) in zip(cases, every, strict=True)],
        [chance for chance, _ in every],
    )
    figures = " | ".join(f"{float(np.mean(values)):.3f}" for values in by_system.values())
    unanswerable = [case for case in cases if not case.answerable]
    refused = ", ".join(_refused(calibration, chosen) for chosen in (asked, unanswerable) if chosen)
    print(f"| {cases[0].data} | {len(asked)} of {len(cases)} | {figures} | {told:.3f} | {refused} |")


def _refused(calibration: Calibration, cases: Sequence[Case]) -> str:
    return f"{float(np.mean([case.likeliest < calibration.answered for case in cases])):.3f}"


if __name__ == "__main__":
    typer.run(main)
