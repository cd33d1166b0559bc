"""The sample documents and their questions, as benchmarks use them."""

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
    return [entry for entry in json.loads((FOLDER / "questions.json").read_text()) if entry["documents"]]
