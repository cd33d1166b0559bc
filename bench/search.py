"""How long a search takes, stage by stage and warm, over collections of several sizes, with and without a filter.

Without `--data` the chunks are made of the sample documents' sentences, over and over: few words, so long postings.
With it, chunks and questions are real. Vectors are in either case those of a few hundred passages and others around
them: their number matters here, not their meaning.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.settings import Settings
from bench import corpora, many_passages, texts_vectors
from bench.library import Library, opened, passages
from bench.many_passages import Piece
from bench.report import Report, Row
from retrieval.analysis import terms
from retrieval.store import changes, chunks, documents, revisions
from retrieval.store.chunks import NewChunk, RevisionChunks
from retrieval.types import Json, SearchRequest

SIZES = (1_000, 10_000)
SEARCHES = 200
_WARM_UP = 10
# Passages that are embedded; the other vectors lie around theirs.
EMBEDDED = 500
# Documents of a collection, each with a hundredth of its chunks: a filter for one of them is one of 1 %.
_DOCUMENTS = 100
_FILTERS: dict[str, Json] = {"": None, ", filter of 1 %": {"part": 1}}
_STAGES = ("search", "snapshot", "embed_query", "recall", "rank", "fetch", "evidence")


def run(
    settings: Settings, sizes: Sequence[int] = SIZES, folders: Sequence[Path] = (), kept: Path | None = None
) -> Report:
    """p50 and p95 of whole searches and of their stages, in milliseconds.

    `folders` hold real texts and questions; a collection of 100,000 chunks takes minutes to make, so it can be kept.
    """
    rows: list[Row] = []
    with opened(settings, kept) as library:
        for size in sizes:
            pieces = many_passages.load(folders, size) if folders else many_passages.made_up(size)
            collection = f"{size}-{'real' if folders else 'made-up'}"
            _fill(library, collection, pieces)
            rows += _measure(library, collection, f"{size} chunks", _questions(folders, size))
        configuration = {
            "model": library.embedder.model_id,
            "threads": settings.threads,
            "searches": SEARCHES,
            "texts": "real" if folders else "made of sample sentences",
            "vectors": f"of {EMBEDDED} texts, the others noise around these",
        }
    return Report("search", configuration, rows)


def _measure(library: Library, collection: str, data: str, questions: Sequence[str]) -> Iterator[Row]:
    """Every question is asked once without and once with the filter."""
    for name, wanted in _FILTERS.items():
        times: dict[str, list[float]] = {}
        for number, question in enumerate(questions):
            # The embedder remembers texts, so each is another.
            request = SearchRequest(f"{question}{' ' * len(data + name)}", collection, 10, wanted)
            started = time.perf_counter()
            result = library.retriever.search(request)
            if number < _WARM_UP:
                continue
            times.setdefault("search", []).append(1000 * (time.perf_counter() - started))
            for entry in result.trace.stages:
                times.setdefault(entry.stage, []).append(entry.milliseconds)
        reported: dict[str, Callable[[Sequence[float]], float]] = {
            "p50 ms": lambda values: float(np.percentile(values, 50)),
            "p95 ms": lambda values: float(np.percentile(values, 95)),
        }
        for metric, summary in reported.items():
            yield from (Row(stage, f"{data}{name}", metric, summary(times[stage])) for stage in _STAGES)


def _questions(folders: Sequence[Path], size: int) -> Sequence[str]:
    """As many questions as a measurement needs: from all corpora that have a `dev` split, or made of the texts."""
    wanted = SEARCHES + _WARM_UP
    if not folders:
        return [f"{size} {' '.join(text.split()[8:20])}" for text in passages(wanted)]
    corpora_folders = [path.parent.parent for folder in folders for path in sorted(folder.glob("**/qrels/dev.tsv"))]
    asked = [list(corpora.load(folder, "dev").queries.values()) for folder in corpora_folders]
    share = -(-wanted // max(len(asked), 1))
    return [question for questions in asked for question in questions[:share]][:wanted]


def _fill(library: Library, collection: str, pieces: Sequence[Piece]) -> None:
    """Makes and indexes the collection, unless it was kept. Written directly: ingest has a benchmark of its own."""
    with library.database.read() as connection:
        if changes.latest(connection, collection):
            return
    vectors = _vectors(library, pieces)
    share = -(-len(pieces) // _DOCUMENTS)
    for part in range(_DOCUMENTS):
        block = slice(part * share, (part + 1) * share)
        _add(library, collection, part, pieces[block], vectors[block])
    library.files.build(library.database, collection, library.embedder.model_id)


def _vectors(library: Library, pieces: Sequence[Piece]) -> NDArray[np.float16]:
    chosen = np.linspace(0, len(pieces) - 1, min(EMBEDDED, len(pieces))).astype(int).tolist()
    real = library.embedder.embed_passages(
        [chunks.represented_by(*_heading_and_text(pieces[place])) for place in chosen]
    )
    nearest = np.arange(len(pieces)) * len(real) // len(pieces)
    return texts_vectors.around(real, nearest, real, np.random.default_rng(0)).astype(np.float16)


def _heading_and_text(piece: Piece) -> tuple[tuple[str, ...], str]:
    return ((piece.title,) if piece.title.strip() else ()), piece.text


def _add(library: Library, collection: str, part: int, pieces: Sequence[Piece], vectors: NDArray[np.float16]) -> None:
    """A document of its own for some of the chunks."""
    new = []
    for piece in pieces:
        headings, text = _heading_and_text(piece)
        analysed = " ".join(terms(chunks.represented_by(headings, text)))
        new.append(NewChunk(text, 0, len(text), None, headings, analysed))
    source = library.store("\n\n".join(piece.text for piece in pieces).encode(), f"{collection}-{part}.txt")
    with library.database.write() as connection:
        document, _ = documents.create(connection, collection, source, {"part": part})
        chunks.replace(connection, [RevisionChunks(document.revision_key, document.revision_id, new)])
        pending = chunks.without_vector(connection, [document.revision_key], library.embedder.model_id)
        made = dict(zip((item.represented_by[0] for item in pending), vectors, strict=True))
        chunks.add_vectors(connection, pending, made, library.embedder.model_id)
        revisions.activate(connection, [document.revision_key])
