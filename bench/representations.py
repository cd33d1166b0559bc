"""What each representation of the chunks adds: searches with the text alone, then with one more at a time.

Over the sample documents and their questions; with `--data FOLDER` also over corpora in the BEIR layout, of which the
passages that share a title are joined into one document, as they were before somebody cut them up.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.settings import Settings
from bench.corpora import Corpus, Passage, load
from bench.library import COLLECTION, Library, opened
from bench.measures import by_query
from bench.report import Report, Row, bootstrap
from bench.retrieval import EXAMPLES
from retrieval.representations import RepresentationName
from retrieval.store import collections, revisions
from retrieval.types import Hit, SearchRequest

SPLIT = "test"
SYSTEMS: Mapping[str, frozenset[RepresentationName]] = {
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
# A hit counts for a passage if they share at least this part of the shorter of the two.
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a passage lies in its document's text."""

    passage: str
    start: int
    end: int


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
    paths = sorted((EXAMPLES / "documents").iterdir())
    names = {library.add(path.name, path.read_bytes()).id: path.name for path in paths}
    seconds = _enriched(library)
    yield Row("enrichment", f"examples, {library.build()} chunks", "seconds", seconds)
    asked = [entry for entry in json.loads((EXAMPLES / "questions.json").read_text()) if entry["documents"]]
    for system, representations in SYSTEMS.items():
        found = []
        for entry in asked:
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
    places = _add(library, _chosen(corpus))
    seconds = _enriched(library)
    data = f"{corpus.name}, {library.build()} chunks of {len(places)} documents"
    yield Row("enrichment", data, "seconds", seconds)
    known = {place.passage for found in places.values() for place in found}
    queries = [(key, text) for key, text in corpus.queries.items() if known.intersection(corpus.judgements[key])]
    values: dict[tuple[str, str], list[float]] = {}
    for query_id, question in queries[:MAX_QUERIES]:
        grades = {passage: grade for passage, grade in corpus.judgements[query_id].items() if passage in known}
        for system, representations in SYSTEMS.items():
            request = SearchRequest(question, COLLECTION, 30, representations=representations)
            ranked = _passages(library.retriever.search(request).hits, places)
            measured = by_query({query_id: grades}, {query_id: ranked})
            for metric in ("nDCG@10", "recall@10"):
                values.setdefault((system, metric), []).append(measured[metric][query_id])
    for (system, metric), found in values.items():
        yield bootstrap(system, data, metric, found)
        if system != "text":
            gains = np.subtract(found, values["text", metric]).tolist()
            yield bootstrap(system, data, f"{metric} gained over text", gains)


def _chosen(corpus: Corpus) -> Mapping[str, Sequence[Passage]]:
    """Passages by title; whole titles with a judged passage first, then others, until there is enough text."""
    judged = {passage for grades in corpus.judgements.values() for passage in grades}
    titles: dict[str, list[Passage]] = {}
    for passage in corpus.passages:
        if passage.text.strip():
            titles.setdefault(passage.title or passage.id, []).append(passage)
    chosen: dict[str, list[Passage]] = {}
    characters = 0
    for title in sorted(titles, key=lambda name: not any(passage.id in judged for passage in titles[name])):
        if characters < MAX_CHARACTERS:
            chosen[title] = titles[title]
            characters += sum(len(passage.text) for passage in titles[title])
    return chosen


def _add(library: Library, titles: Mapping[str, Sequence[Passage]]) -> Mapping[str, Sequence[_Place]]:
    """Ingests a document a title; gives the places of its passages by document id."""
    places: dict[str, Sequence[_Place]] = {}
    for title, passages in titles.items():
        body = "\n\n".join(" ".join(passage.text.split()) for passage in passages)
        document = library.add(f"{title[:80].replace('/', '-')}.txt", body.encode())
        with library.database.read() as connection:
            text = revisions.load_text(connection, document.revision_key).text
        found, position = [], 0
        for passage in passages:
            wanted = " ".join(passage.text.split())
            start = text.find(wanted, position)
            if start >= 0:  # an identical passage of another title was ingested before, or parsing changed a character
                position = start + len(wanted)
                found.append(_Place(passage.id, start, position))
        places[document.id] = found
    return places


def _passages(hits: Sequence[Hit], places: Mapping[str, Sequence[_Place]]) -> list[str]:
    """The passages that the hits lie in, in the order of the hits."""
    found: dict[str, None] = {}
    for hit in hits:
        for place in places.get(hit.chunk.document_id, ()):
            shared = min(place.end, hit.chunk.end) - max(place.start, hit.chunk.start)
            if shared >= _OVERLAP * min(place.end - place.start, hit.chunk.end - hit.chunk.start):
                found[place.passage] = None
    return list(found)
