"""Fits how far a statement that a template wrote can be trusted, and how much is left when only sure ones are used.

Run by hand: `python -m bench.sql_confidence FOLDER`, the folder as for the benchmark `sql`. Trained on questions of
WikiTableQuestions and on our own that are worked with; judged on other tables of that set, on geography, of which
nothing is trained on, and on our own held-out questions. Prints the model that `retrieval.construction.sql_confidence`
holds.
"""

import sqlite3
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import sqlglot
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.settings import Settings
from bench import sql
from bench.report import Report, Row, publish
from retrieval.construction.sql_confidence import confidence, signals
from retrieval.construction.sql_execution import SqlResult
from retrieval.construction.sql_generation import Written, write
from retrieval.construction.table_profiles import TableProfile, profile
from retrieval.embedding import SentenceEmbedder
from retrieval.types import Embedder, Json

QUESTIONS = {"random-split-1-train": 1_500, "random-split-1-dev": 600}
THRESHOLDS = (0.45, 0.6, 0.7, 0.8)
RESULTS = Path("bench/results/sql-confidence.json")


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement with what speaks for it, and whether its rows are right."""

    data: str
    signals: Mapping[str, float]
    confidence: float
    is_right: bool


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Published questions to tables.")],
) -> None:
    """Fits, judges and publishes."""
    settings = Settings()
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    judged = [*_own(embedder), *_geography(folder / "text2sql", embedder), *_wiki(folder / "tables", embedder)]
    _fit([item for item in judged if item.data in {"random-split-1-train", "tuned"}])
    rows = [row for data in dict.fromkeys(item.data for item in judged) for row in _rows(data, judged)]
    publish(Report("sql-confidence", {"questions": QUESTIONS}, rows), RESULTS)


def _fit(judged: Sequence[Judged]) -> None:
    """Prints the weights on the plain signals."""
    names = sorted(judged[0].signals)
    columns = np.array([[item.signals[name] for name in names] for item in judged])
    scaler, model = StandardScaler(), LogisticRegression(C=0.03, max_iter=3000)
    fitted: Any = make_pipeline(scaler, model)
    fitted.fit(columns, [item.is_right for item in judged])
    weights: NDArray[np.float64] = model.coef_[0] / scaler.scale_
    print(f"INTERCEPT = {model.intercept_[0] - float(weights @ scaler.mean_):.2f}")
    print("\n".join(f'    "{name}": {weight:.2f},' for name, weight in zip(names, weights, strict=True)))


def _rows(data: str, judged: Sequence[Judged]) -> Iterator[Row]:
    scores = np.array([item.confidence for item in judged if item.data == data])
    right = np.array([item.is_right for item in judged if item.data == data])
    if 0 < right.sum() < len(right):
        yield Row("confidence", data, "AUROC", float(roc_auc_score(right, scores)))
    for threshold in (0.0, *THRESHOLDS):
        kept = scores >= threshold
        yield Row(f"at {threshold:g}", data, "kept", float(kept.mean()))
        yield Row(f"at {threshold:g}", data, "right of those kept", float(right[kept].mean()) if kept.any() else 0.0)
    yield Row("confidence", data, "statements", len(right))


def _judged(data: str, written: Written, rows: Sequence[Sequence[Json]], is_right: bool) -> Judged:
    tree = sqlglot.parse_one(written.sql, read="sqlite")
    result = SqlResult((), tuple(map(tuple, rows)), cut=False)
    return Judged(data, signals(written, tree, result), confidence(written, tree, result), is_right)


def _own(embedder: Embedder) -> Iterator[Judged]:
    tables = sql.sample_tables()
    known = [profile(table, cells) for table, cells in tables]
    with closing(sql.copied(tables)) as copy:
        for entry in sql.questions():
            written = write(entry["question"], known, embedder, sql.TODAY)
            if isinstance(written, Written):
                rows = sql.rows_of(copy, written.sql)
                right = "sql" in entry and sql.same(sql.expected(entry, [item.table for item in known], copy), rows)
                yield _judged(entry["part"], written, rows, right)


def _geography(folder: Path, embedder: Embedder) -> Iterator[Judged]:
    with closing(sqlite3.connect(f"file:{folder / 'geography.sqlite'}?mode=ro", uri=True)) as connection:
        known = [
            profile(table, sql.rows_of(connection, f'SELECT * FROM "{table.name}"'))
            for table in sql.sqlite_tables(connection)
        ]
        for question, reference in sql.published_questions(folder / "geography.jsonl").items():
            written = write(question, known, embedder, sql.TODAY)
            if isinstance(written, Written):
                rows = sql.rows_of(connection, written.sql)
                yield _judged("geography", written, rows, sql.same(sql.rows_of(connection, reference), rows))


def _wiki(folder: Path, embedder: Embedder) -> Iterator[Judged]:
    with tarfile.open(folder / "wikitablequestions.tar.gz") as archive:
        for split, count in QUESTIONS.items():
            known: dict[str, tuple[sql.TableRows, TableProfile]] = {}
            for question, context, answers in sql.wiki_questions(archive, split, count):
                if context not in known:
                    table = sql.wiki_table(archive, context)
                    known = {context: (table, profile(*table))}  # they come sorted: one table at a time
                table, its_profile = known[context]
                written = write(question, [its_profile], embedder, sql.TODAY)
                if isinstance(written, Written):
                    with closing(sql.copied([table])) as copy:
                        rows = sql.rows_of(copy, written.sql)
                    yield _judged(split, written, rows, sql.has_answers(rows, answers))


if __name__ == "__main__":
    typer.run(main)
