"""How well `semantic(column, 'text')` finds the values that a text means, in columns of few and of many values.

The texts are our own: over columns of the sample documents (`bench/questions/semantic.jsonl`), and over lists of twenty
values (`semantic_lists.jsonl`), of which some are left out for smaller columns, and which are put together for a
larger one. Whole lists are held out.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import Row, bootstrap
from retrieval.construction.semantic_sql import ValueVectors, nearest
from retrieval.construction.sql_schema import SqlTable
from retrieval.types import Embedder, Json

TEXTS = Path("bench/questions/semantic.jsonl")
LISTS = Path("bench/questions/semantic_lists.jsonl")
# Distinct values of a smaller column, and at most so many of them that are meant.
_SIZES = {5: 2, 8: 3, 20: 20}

Tables = Sequence[tuple[SqlTable, Sequence[Sequence[Json]]]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A text, the values of a column, and those of them that it means."""

    data: str  # under which its figures are shown
    text: str
    column: Sequence[str]
    meant: Sequence[str]


def rows(tables: Tables, embedder: Embedder) -> Iterator[Row]:
    """Precision, recall and F1 of the values that are taken, the mean over texts."""
    vectors = ValueVectors(lambda: embedder)
    measured: dict[str, list[tuple[float, float, float]]] = {}
    for meaning in [*of_samples(tables), *of_lists()]:
        measured.setdefault(meaning.data, []).append(_judge(meaning, vectors))
    for data, figures in measured.items():
        for metric, values in zip(("precision", "recall", "F1"), zip(*figures, strict=True), strict=True):
            yield bootstrap("semantic", data, metric, values)


def of_samples(tables: Tables) -> Iterator[Meaning]:
    """The texts over columns of the sample documents."""
    by_name = {table.name: (table, rows) for table, rows in tables}
    for entry in map(json.loads, TEXTS.read_text().splitlines()):
        table, cells = by_name[entry["table"]]
        column = table.column(entry["column"])
        assert column is not None
        values = dict.fromkeys(row[column.position] for row in cells if row[column.position] is not None)
        yield Meaning(f"values by meaning, {entry['part']}", entry["text"], list(values), entry["values"])


def of_lists() -> Iterator[Meaning]:
    """The texts over lists, each in columns of several sizes; the largest is all English lists of the part."""
    lists = [json.loads(line) for line in LISTS.read_text().splitlines()]
    for part in dict.fromkeys(item["part"] for item in lists):
        own = [item for item in lists if item["part"] == part]
        english = [item for item in own if item["language"] == "en"]
        all_of_them = list(dict.fromkeys(value for item in english for value in item["values"]))
        for item in own:
            for text, meant in item["texts"].items():
                for size, most in _SIZES.items():
                    column = _sampled(item["values"], meant, meant[:most], size)
                    yield Meaning(f"{size} values, {part}", text, column, meant[:most])
                if item in english:
                    yield Meaning(f"{len(all_of_them)} values, {part}", text, all_of_them, meant)


def _sampled(values: Sequence[str], meant: Sequence[str], kept: Sequence[str], size: int) -> Sequence[str]:
    """A column of that size with the kept values and others that are not meant, the same at every run."""
    others = [value for value in values if value not in meant]
    whole = size >= len(values)
    chosen = set(values if whole else [*kept, *random.Random(" ".join(meant)).sample(others, size - len(kept))])
    return [value for value in values if value in chosen]


def _judge(meaning: Meaning, vectors: ValueVectors) -> tuple[float, float, float]:
    found = set(nearest(meaning.column, vectors.cosines(meaning.column, meaning.text)))
    right = len(found & set(meaning.meant))
    precision, recall = right / len(found), right / len(meaning.meant)
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0
