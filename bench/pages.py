"""Whether the right document, and the right page of it, is found for questions to long files as people have them.

`scholiast bench pages --data FOLDER`: a folder with `qna.jsonl` and PDFs below it, such as FinanceBench or docugami's
questions to quarterly reports. A row has a `question`, the file that answers it (`doc`, or a pattern of its name in
`source_docs`) and, where the publisher says so, the pages of the evidence (`evidence`, each with `page0`, from 0).
`--kept FOLDER` keeps what was ingested.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from app.settings import Settings
from bench.library import opened
from bench.report import Report, Row, bootstrap
from bench.retrieval import System, systems
from retrieval.errors import InvalidRequest

QUESTIONS = "qna.jsonl"
CUTS = (1, 5, 10)
SYSTEMS = ("BM25", "dense", "hybrid", "ranked")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the documents any of which answers it, and the pages of its evidence, from 1; none where unknown."""

    question: str
    documents: frozenset[str]  # names
    pages: frozenset[tuple[str, int]]  # of which document, and which


def run(settings: Settings, data: Path | None, kept: Path | None = None) -> Report:
    """Questions whose document, and whose page, is among the first 1, 5 and 10 chunks."""
    if data is None or not (data / QUESTIONS).is_file():
        raise InvalidRequest(f"Name a folder with {QUESTIONS} and PDFs by --data.", field="data")
    paths = sorted(data.rglob("*.pdf"))
    with opened(settings, kept) as library:
        for path in paths:
            library.add(path.name, path.read_bytes())
        chunks = library.build()
        asked = read(data / QUESTIONS, [path.name for path in paths])
        rows = [
            row for name, system in systems(library, SYSTEMS).items() for row in _rows(name, data.name, system, asked)
        ]
        stated = {
            "model": library.embedder.model_id,
            "documents": len(paths),
            "chunks": chunks,
            "questions": len(asked),
            "questions with pages": sum(bool(one.pages) for one in asked),
        }
    return Report("pages", stated, rows, plotted=(f"document@{CUTS[1]}", f"page@{CUTS[1]}"))


def read(path: Path, names: Sequence[str]) -> Sequence[Asked]:
    """The questions that some of these documents answer."""
    found = []
    for row in map(json.loads, path.read_text().splitlines()):
        patterns = (row.get("doc") or row["source_docs"]).split(",")
        documents = frozenset(name for name in names if any(fnmatchcase(name, pattern.strip()) for pattern in patterns))
        pages = frozenset((name, entry["page0"] + 1) for name in documents for entry in row.get("evidence", ()))
        if documents:
            found.append(Asked(row["question"], documents, pages))
    return found


def _rows(name: str, data: str, system: System, asked: Sequence[Asked]) -> Iterator[Row]:
    ranked = [(one, system(one.question)) for one in asked]
    with_pages = [(one, found) for one, found in ranked if one.pages]
    for cut in CUTS:
        hits = [float(any(chunk.document in one.documents for chunk in found[:cut])) for one, found in ranked]
        yield bootstrap(name, data, f"document@{cut}", hits)
        if with_pages:
            hits = [
                float(any((chunk.document, chunk.page) in one.pages for chunk in found[:cut]))
                for one, found in with_pages
            ]
            yield bootstrap(name, data, f"page@{cut}", hits)
