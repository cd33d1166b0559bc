"""Published questions about tables, each table a page of its own: which row, or sentence beside the table, answers.

TAT-QA: tables and paragraphs of company reports, of which those questions count that one stretch answers. FeTaQA:
tables of Wikipedia with the cells that an answer was written from; a row that holds two of them or more answers.
"""

import gzip
import html
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.corpora import Question

# Of the same file one half is learnt from and the other judged on, table by table.
_HALVES: Mapping[str, int] = {"dev": 0, "test": 1}


@dataclass(frozen=True, slots=True)
class TablePage:
    """A page with a table, and the questions that it answers."""

    name: str
    content: bytes
    questions: Sequence[Question]


def pages(folder: Path, name: str, half: str, count: int) -> Sequence[TablePage]:
    """Pages of one half of the set with about so many questions in all; `folder` holds `<name>_dev.jsonl.gz`."""
    with gzip.open(folder / f"{name}_dev.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    rows = [row for number, row in enumerate(rows) if number % 2 == _HALVES[half]]
    random.Random(0).shuffle(rows)
    found: list[TablePage] = []
    for row in rows:
        if sum(len(page.questions) for page in found) >= count:
            break
        page = _READERS[name](row)
        found += [page] if page.questions else []
    return found


def _tatqa(row: Any) -> TablePage:
    name = row["uid"]
    questions = [
        Question(asked["uid"], asked["question"], asked["answer"], frozenset([name]), True)
        for asked in row["questions"]
        if asked["answer_type"] == "span" and len(asked["answer"]) == 1 and not asked["derivation"]
    ]
    before, after = row["paragraphs"][:1], row["paragraphs"][1:]
    return TablePage(name, _page(name, [*_paragraphs(before), _table(row["table"]), *_paragraphs(after)]), questions)


def _fetaqa(row: Any) -> TablePage:
    name = str(row["feta_id"])
    marked = Counter(number for number, _ in row["highlighted_cell_ids"])
    answers = [" ".join(row["table_array"][number]) for number, cells in sorted(marked.items()) if number and cells > 1]
    questions = [Question(name, row["question"], answers, frozenset([name]), True)] if len(answers) == 1 else []
    titles = [f"<h1>{html.escape(row['table_page_title'])}</h1>", f"<h2>{html.escape(row['table_section_title'])}</h2>"]
    return TablePage(name, _page(name, [*titles, _table(row["table_array"])]), questions)


_READERS: Mapping[str, Callable[[Any], TablePage]] = {"tatqa": _tatqa, "fetaqa": _fetaqa}


def _page(name: str, parts: Sequence[str]) -> bytes:
    return f'<html><head><meta name="id" content="{name}"></head><body>{"".join(parts)}</body></html>'.encode()


def _paragraphs(texts: Sequence[str]) -> Iterator[str]:
    return (f"<p>{html.escape(text)}</p>" for text in texts)


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
