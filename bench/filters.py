"""Metadata filters from questions: how many are exactly right, and how many would hide what was asked for.

Our own questions over five schemas (`bench/questions/filters.jsonl`, `filter_schemas.json`): two thirds to work with, a
third held out. Harmful is a filter with any condition that the reference does not have; one too few is not.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from bench.report import Report, Row, bootstrap
from retrieval.construction.metadata_filter import conditions, field_facts
from retrieval.types import Json

QUESTIONS = Path("bench/questions/filters.jsonl")
SCHEMAS = Path("bench/questions/filter_schemas.json")
TODAY = date(2026, 11, 22)

Flat = frozenset[tuple[str, str, str]]


def run() -> Report:
    """Exactness and harm of the filters, on both parts of the questions and by schema."""
    schemas = {
        name: [field_facts(field, _type(values), values) for field, values in fields.items()]
        for name, fields in json.loads(SCHEMAS.read_text()).items()
    }
    by_part: dict[str, list[tuple[bool, bool, bool]]] = {}
    for line in QUESTIONS.read_text().splitlines():
        entry = json.loads(line)
        expected = _flat(entry["conditions"])
        found = _flat([made.tree for made in conditions(entry["question"], schemas[entry["schema"]], TODAY)])
        verdict = (found == expected, bool(found - expected), bool(expected - found))
        for part in (entry["part"], f"all, {entry['schema']}"):
            by_part.setdefault(part, []).append(verdict)
    return Report("filters", {"schemas": len(schemas)}, list(_rows(by_part)))


def _rows(by_part: Mapping[str, Sequence[tuple[bool, bool, bool]]]) -> Iterator[Row]:
    for part, verdicts in sorted(by_part.items(), reverse=True):
        for place, metric in enumerate(("exact", "harmful", "a condition is missing")):
            yield bootstrap("extraction", part, metric, [verdict[place] for verdict in verdicts])
        yield Row("extraction", part, "questions", len(verdicts))


def _type(values: Sequence[Json]) -> str:
    return "number" if all(isinstance(value, int | float) for value in values) else "text"


def _flat(trees: Sequence[Mapping[str, Json]]) -> Flat:
    """Every comparison by itself; those of whole numbers as `lte` and `gte`, which say the same."""
    found = set()
    for tree in trees:
        for field, comparisons in tree.items():
            for operator, operand in comparisons.items():
                plain = sorted(map(str, operand)) if isinstance(operand, list) else operand
                if isinstance(operand, int) and operator in {"lt", "gt"}:
                    found.add((field, f"{operator}e", str(operand + (1 if operator == "gt" else -1))))
                else:
                    found.add((field, operator, str(plain)))
    return frozenset(found)
