"""Reads labelled retrieval data in the BEIR layout: corpus.jsonl, queries.jsonl (or .gz) and qrels/<split>.tsv."""

import gzip
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Passages, queries and judgements: `judgements[query id][passage id]` is the grade."""

    name: str
    passages: Sequence[Passage]
    queries: Mapping[str, str]
    judgements: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what it accepts as an answer; `passages` hold it, or were read by whoever wrote the question."""

    id: str
    text: str
    answers: Sequence[str]
    passages: frozenset[str]
    answerable: bool
    article: str = ""  # the article it was written about, where the source says so


def load(folder: Path, split: str) -> Corpus:
    """The corpus in the folder with the judgements of one split; queries without a judgement are left out."""
    path = folder / "qrels" / f"{split}.tsv"
    if not path.exists():
        known = sorted(found.stem for found in path.parent.glob("*.tsv"))
        raise InvalidRequest(f"{folder.name} has no split '{split}'.", field="split", allowed=known)
    judgements: dict[str, dict[str, int]] = {}
    for line in path.read_text().splitlines()[1:]:
        query_id, passage_id, grade = line.split("\t")
        judgements.setdefault(query_id, {})[passage_id] = int(grade)
    return Corpus(
        folder.name,
        [Passage(row["_id"], row.get("title") or "", row["text"]) for row in _rows(folder / "corpus.jsonl")],
        {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl") if row["_id"] in judgements},
        judgements,
    )


def sample(corpus: Corpus, queries: int, passages: int, seed: int = 0) -> Corpus:
    """At most so many of the queries, and the passages they are judged on with others up to so many in all."""
    generator = random.Random(seed)
    kept = sorted(corpus.queries)
    if len(kept) > queries:
        kept = sorted(generator.sample(kept, queries))
    judgements = {query_id: corpus.judgements[query_id] for query_id in kept}
    judged = {passage_id for grades in judgements.values() for passage_id in grades}
    others = [passage.id for passage in corpus.passages if passage.id not in judged]
    chosen = judged | set(generator.sample(others, min(len(others), max(passages - len(judged), 0))))
    return Corpus(
        corpus.name,
        [passage for passage in corpus.passages if passage.id in chosen],
        {query_id: corpus.queries[query_id] for query_id in kept},
        judgements,
    )


def questions(folder: Path, split: str) -> Sequence[Question]:
    """The split's questions that have answers, and those of which it is known that the corpus has none."""
    judgements = load(folder, split).judgements
    found = []
    for row in _rows(folder / "queries.jsonl"):
        facts = row.get("metadata") or {}
        if not row["text"].strip():
            continue  # published sets hold a few of these
        answerable = facts.get("answerable", True)
        if row["_id"] in judgements and facts.get("answers"):
            passages = frozenset(judgements[row["_id"]])
        elif not answerable and facts.get("split") == split:
            passages = frozenset([facts["context_id"]])
        else:
            continue
        article = facts.get("article") or ""
        found.append(Question(row["_id"], row["text"], facts.get("answers") or (), passages, answerable, article))
    return found


def asked(
    folder: Path, split: str, count: int, passages: int, seed: int = 0
) -> tuple[Sequence[Passage], list[Question]]:
    """At most `count` answerable and as many unanswerable questions, with their passages and others up to so many."""
    generator = random.Random(seed)
    everything = questions(folder, split)
    chosen: list[Question] = []
    for answerable in (True, False):
        kind = [question for question in everything if question.answerable is answerable]
        chosen += generator.sample(kind, min(count, len(kind)))
    known = load(folder, split).passages
    judged = frozenset().union(*(question.passages for question in chosen))
    others = [passage.id for passage in known if passage.id not in judged]
    kept = judged | set(generator.sample(others, min(len(others), max(passages - len(judged), 0))))
    return [passage for passage in known if passage.id in kept], chosen


def _rows(path: Path) -> Iterator[Any]:
    packed = path.with_name(path.name + ".gz")
    with gzip.open(packed, "rt") if packed.exists() else path.open() as file:
        for line in file:
            yield json.loads(line)
