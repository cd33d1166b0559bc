"""Corpora in the BEIR layout as a library of documents: passages that share a title are joined into one again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.corpora import Corpus, Passage
from bench.library import COLLECTION, Library
from bench.measures import by_query
from bench.report import Row, bootstrap
from retrieval.store import revisions
from retrieval.types import Hit, SearchRequest

# A hit counts for a passage if they share at least this part of the shorter of the two.
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage lies in its document's text."""

    passage: str
    start: int
    end: int


Places = Mapping[str, Sequence[Place]]  # by document id


def choose(corpus: Corpus, characters: int) -> Mapping[str, Sequence[Passage]]:
    """Passages by title; whole titles with a judged passage first, then others, until there is enough text."""
    judged = {passage for grades in corpus.judgements.values() for passage in grades}
    titles: dict[str, list[Passage]] = {}
    for passage in corpus.passages:
        if passage.text.strip():
            titles.setdefault(passage.title or passage.id, []).append(passage)
    chosen: dict[str, list[Passage]] = {}
    taken = 0
    for title in sorted(titles, key=lambda name: not any(passage.id in judged for passage in titles[name])):
        if taken < characters:
            chosen[title] = titles[title]
            taken += sum(len(passage.text) for passage in titles[title])
    return chosen


def add(library: Library, titles: Mapping[str, Sequence[Passage]]) -> Places:
    """Ingests a document a title; gives the places of its passages."""
    places: dict[str, Sequence[Place]] = {}
    for title, passages in titles.items():
        document = library.add(name(title), content(passages))
        with library.database.read() as connection:
            text = revisions.load_text(connection, document.revision_key).text
        found, position = [], 0
        for passage in passages:
            wanted = " ".join(passage.text.split())
            start = text.find(wanted, position)
            if start >= 0:  # an identical passage of another title was ingested before, or parsing changed a character
                position = start + len(wanted)
                found.append(Place(passage.id, start, position))
        places[document.id] = found
    return places


def name(title: str) -> str:
    """The name of the file with this title's passages."""
    return f"{title[:80].replace('/', '-')}.txt"


def content(passages: Sequence[Passage]) -> bytes:
    """The passages as one text."""
    return "\n\n".join(" ".join(passage.text.split()) for passage in passages).encode()


def answerable(corpus: Corpus, places: Places) -> Sequence[tuple[str, str]]:
    """Queries (id, text) of which a judged passage was taken, in the corpus's order."""
    known = _known(places)
    return [(key, text) for key, text in corpus.queries.items() if known.intersection(corpus.judgements[key])]


Figures = dict[tuple[str, str], list[float]]  # by system and metric, one value a query


def measure(
    library: Library,
    corpus: Corpus,
    places: Places,
    queries: Sequence[tuple[str, str]],
    systems: Mapping[str, frozenset[str]],
) -> Figures:
    """nDCG@10 and recall@10 of every query; a system is a set of representations to search."""
    known = _known(places)
    values: Figures = {}
    for query_id, question in queries:
        grades = {passage: grade for passage, grade in corpus.judgements[query_id].items() if passage in known}
        for system, representations in systems.items():
            request = SearchRequest(question, COLLECTION, 30, representations=representations)
            ranked = passages_of(library.retriever.search(request).hits, places)
            measured = by_query({query_id: grades}, {query_id: ranked})
            for metric in ("nDCG@10", "recall@10"):
                values.setdefault((system, metric), []).append(measured[metric][query_id])
    return values


def compared(figures: Figures, baseline: str, data: str) -> Iterator[Row]:
    """The mean of every figure, and how much more it is than the baseline's, query by query."""
    for (system, metric), found in figures.items():
        yield bootstrap(system, data, metric, found)
        if system != baseline:
            gains = np.subtract(found, figures[baseline, metric]).tolist()
            yield bootstrap(system, data, f"{metric} gained over {baseline}", gains)


def passages_of(hits: Sequence[Hit], places: Places) -> list[str]:
    """The passages that the hits lie in, in the order of the hits."""
    found: dict[str, None] = {}
    for hit in hits:
        for place in places.get(hit.chunk.document_id, ()):
            shared = min(place.end, hit.chunk.end) - max(place.start, hit.chunk.start)
            if shared >= _OVERLAP * min(place.end - place.start, hit.chunk.end - hit.chunk.start):
                found[place.passage] = None
    return list(found)


def _known(places: Places) -> set[str]:
    return {place.passage for found in places.values() for place in found}
