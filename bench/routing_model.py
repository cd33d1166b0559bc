"""Fits the model of `retrieval.routing.logical` on the questions to work with, and prints it.

Run by hand: `python -m bench.routing_model`. The benchmark `routing` tells what it is worth on the held-out ones.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from sklearn.linear_model import LogisticRegression

from bench import sql
from retrieval.construction.sql_generation import write
from retrieval.construction.table_profiles import profile
from retrieval.construction.table_questions import made_of
from retrieval.routing.logical import signals

QUESTIONS = Path("bench/questions/routing.jsonl")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question, the source it is meant for, and what the tables make of it."""

    part: str
    label: str
    question: str
    of_tables: Mapping[str, float]


def labelled() -> Iterator[Labelled]:
    """Our own questions over the sample documents."""
    tables = sql.sample_tables()
    known = [profile(table, cells) for table, cells in tables]
    for entry in map(json.loads, QUESTIONS.read_text().splitlines()):
        of_tables = {"tables": len(known), **made_of(write(entry["question"], known, None, sql.TODAY))}
        yield Labelled(entry["part"], entry["label"], entry["question"], of_tables)


def main() -> None:
    """Fits and prints."""
    tuned = [item for item in labelled() if item.part == "tuned"]
    found = [signals(item.question, item.of_tables) for item in tuned]
    names = list(found[0])
    model = LogisticRegression(C=0.3, max_iter=3000)
    model.fit(np.array([[given[name] for name in names] for given in found]), [item.label for item in tuned])
    weights = zip(["bias", *names], np.vstack([model.intercept_, model.coef_.T]), strict=True)
    for name, by_source in weights:
        shown = {source: round(float(weight), 2) for source, weight in zip(model.classes_, by_source, strict=True)}
        print(f'    "{name}": {json.dumps(shown)},')


if __name__ == "__main__":
    typer.run(main)
