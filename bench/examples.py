"""The sample documents and their questions: the one place in which benchmarks read them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.library import Library
from retrieval.types import Json

FOLDER = Path("examples")
DOCUMENTS = FOLDER / "documents"


def store(library: Library) -> Mapping[str, str]:
    """Ingests the sample documents; gives the name of every document id."""
    paths = sorted(DOCUMENTS.iterdir())
    return {library.add(path.name, path.read_bytes()).id: path.name for path in paths}


def questions() -> Sequence[Json]:
    """The sample questions that some of the sample documents answer."""
    return [entry for entry in everything() if entry["documents"]]


def everything() -> Sequence[Json]:
    """All sample questions; those that no document answers name none."""
    entries: Sequence[Json] = json.loads((FOLDER / "questions.json").read_text())
    return entries
