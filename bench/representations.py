"""What each representation of the chunks adds: searches with the text alone, then with one more at a time.

Over the sample documents and their questions; with `--data FOLDER` also over corpora in the BEIR layout, of which the
passages that share a title are joined into one document, as they were before somebody cut them up.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.settings import Settings
from bench import articles, examples
from bench.corpora import Corpus, load
from bench.library import COLLECTION, Library, opened
from bench.report import Report, Row, bootstrap
from retrieval.store import collections
from retrieval.types import SearchRequest

SPLIT = "test"
SYSTEMS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "text + summary": frozenset({"text", "summary"}),
    "text + keywords": frozenset({"text", "keywords"}),
    "text + title": frozenset({"text", "title"}),
    "text + tree": frozenset({"text", "tree"}),
    "all": frozenset({"text", "summary", "keywords", "title", "tree"}),
}
# Enrichment embeds every sentence, so of a large corpus only the judged passages and some others are used.
MAX_CHARACTERS = 300_000
MAX_QUERIES = 250


def run(settings: Settings, data: Path | None = None) -> Report:
    """nDCG@10 and recall@10 by set of representations, with the difference to the text alone, and what it cost."""
    with opened(settings) as library:
        rows = list(_examples(library))
    for folder in sorted(data.iterdir()) if data else []:
        if (folder / "qrels" / f"{SPLIT}.tsv").exists():
            with opened(settings) as library:
                rows += _corpus(library, load(folder, SPLIT))
    return Report("representations", {"characters": MAX_CHARACTERS, "queries": MAX_QUERIES}, rows)


def _examples(library: Library) -> Iterator[Row]:
    _ask_for_all(library)
    names = examples.store(library)
    seconds = _enriched(library)
    yield Row("enrichment", f"examples, {library.build()} chunks", "seconds", seconds)
    for system, representations in SYSTEMS.items():
        found = []
        for entry in examples.questions():
            request = SearchRequest(entry["question"], COLLECTION, 5, representations=representations)
            hits = library.retriever.search(request).hits
            found.append(float(any(names[hit.chunk.document_id] in entry["documents"] for hit in hits)))
        yield bootstrap(system, "examples", "right document in the first 5 hits", found)


def _ask_for_all(library: Library) -> None:
    with library.database.write() as connection:
        collections.ensure(connection, COLLECTION)
        collections.change_settings(connection, COLLECTION, {"representations": sorted(SYSTEMS["all"])})


def _enriched(library: Library) -> float:
    """Seconds that enrichment took."""
    started = time.perf_counter()
    library.enrich()
    return time.perf_counter() - started


def _corpus(library: Library, corpus: Corpus) -> Iterator[Row]:
    _ask_for_all(library)
    places = articles.add(library, articles.choose(corpus, MAX_CHARACTERS))
    seconds = _enriched(library)
    data = f"{corpus.name}, {library.build()} chunks of {len(places)} documents"
    yield Row("enrichment", data, "seconds", seconds)
    queries = articles.answerable(corpus, places)[:MAX_QUERIES]
    yield from articles.compared(articles.measure(library, corpus, places, queries, SYSTEMS), "text", data)
