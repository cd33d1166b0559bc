"""The tree over a collection: what it takes to make, what a change costs, and what search gains by it.

With `--data FOLDER`, which holds corpora in the BEIR layout; passages that share a title are joined into one document.
SQuAD gives a few long documents, HotpotQA and 2WikiMultiHopQA many short ones and questions that need several of them.
"""

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from app.settings import Settings
from bench import articles
from bench.corpora import Corpus, Passage, load
from bench.library import COLLECTION, Library, opened
from bench.measures import by_query
from bench.report import Report, Row, bootstrap
from ingest.collection_tree import CollectionTreeTools, update_collection_tree
from ingest.enrichment import EnrichmentTools, enrich_document
from ingest.pipeline import ingest_document
from retrieval.indexes import collection_tree
from retrieval.pipeline import Retriever
from retrieval.representations import TreeSearch
from retrieval.snapshot import Snapshot, Snapshots
from retrieval.store import collections, documents, enrichment
from retrieval.store.collection_nodes import CollectionTreeRows
from retrieval.store.schema import collection_nodes, tree_nodes
from retrieval.types import SearchRequest

# Characters taken of each corpus, whole documents with judged passages first: about 1,000 chunks each.
SAMPLES: Mapping[str, int] = {"squad": 640_000, "hotpotqa200": 430_000, "wikimultihop2": 430_000}
SPLIT = "test"
MAX_QUERIES = 250
# Documents that are deleted, added again and replaced, one after the other.
CHANGED = 5
OFF, DOCUMENTS, ON = "without the tree", "with the documents' trees", "with the tree"
_NOTHING = collection_tree.build(
    CollectionTreeRows(np.zeros((0, 0), dtype=np.float32), *(np.zeros(0, dtype=np.int64) for _ in range(5)))
)


class _WithoutCollectionTree(Snapshots):
    """Snapshots in which nothing stands above the documents."""

    def latest(self, collection: str) -> Snapshot:
        return replace(super().latest(collection), above=_NOTHING)


def run(settings: Settings, data: Path | None = None, kept: Path | None = None) -> Report:
    """Seconds, levels and clusters; the share of summaries that a change makes anew; recall@10 with and without."""
    rows: list[Row] = []
    for name, characters in SAMPLES.items():
        if data and (data / name / "qrels" / f"{SPLIT}.tsv").exists():
            with opened(settings, kept and kept / name) as library:
                rows += measured(library, load(data / name, SPLIT), characters)
    return Report("tree", {"characters": dict(SAMPLES), "queries": MAX_QUERIES, "changed": CHANGED}, rows)


def measured(library: Library, corpus: Corpus, characters: int) -> Iterator[Row]:
    """All figures of one corpus."""
    titles = articles.choose(corpus, characters)
    places = prepared(library, titles)
    data = f"{corpus.name}, {library.build()} chunks of {len(places)} documents"
    started = time.perf_counter()
    update(library)
    yield Row("tree over the collection", data, "seconds", time.perf_counter() - started)
    yield from _shape(library, data)
    yield from gains(library, corpus, places, data)
    yield from changes(library, titles, data)


def prepared(library: Library, titles: Mapping[str, Sequence[Passage]]) -> articles.Places:
    """Ingests a document a title, and makes their own trees."""
    with library.database.write() as connection:
        collections.ensure(connection, COLLECTION)
        collections.change_settings(connection, COLLECTION, {"representations": ["text", "tree"]})
    places = articles.add(library, titles)
    enrich(library)
    return places


def enrich(library: Library, stop: threading.Event | None = None) -> None:
    """Makes what single documents wait for, and leaves the tree over the collection as it is."""
    tools = EnrichmentTools(
        library.database, library.tools.count_tokens, library.tools.embed, library.tools.model_id, lambda: None
    )
    with library.database.read() as connection:
        tasks = enrichment.waiting(connection, 100_000)
    for task in tasks:
        if stop is not None and stop.is_set():
            return
        enrich_document(tools, task)


def update(library: Library) -> int:
    """Brings the tree over the collection up to date; gives how many summaries were made."""
    tools = CollectionTreeTools(library.database, library.tools.embed, library.tools.model_id, lambda: None)
    return update_collection_tree(tools, COLLECTION)


def gains(library: Library, corpus: Corpus, places: articles.Places, data: str, rerank: bool = True) -> Iterator[Row]:
    """nDCG@10 and recall@10 without trees, with those of the documents alone, and with all, by either way down."""
    queries = articles.answerable(corpus, places)
    queries = queries[:: -(-len(queries) // MAX_QUERIES)]
    beneath = _WithoutCollectionTree(library.database, library.files)
    embedders = {library.embedder.model_id: library.embedder}
    alone = Retriever(library.database, beneath, embedders, library.ranker)
    ways: Mapping[str, tuple[Retriever, TreeSearch | None]] = {
        OFF: (library.retriever, None),
        DOCUMENTS: (alone, "collapsed"),
        ON: (library.retriever, "collapsed"),
        f"{DOCUMENTS}, traversal": (alone, "traversal"),
        f"{ON}, traversal": (library.retriever, "traversal"),
    }
    known = {place.passage for found in places.values() for place in found}
    figures: articles.Figures = {}
    for query_id, question in queries:
        grades = {passage: grade for passage, grade in corpus.judgements[query_id].items() if passage in known}
        for system, (retriever, way) in ways.items():
            searched = frozenset({"text", "tree"} if way else {"text"})
            request = SearchRequest(question, COLLECTION, 30, None, searched, way or "collapsed", rerank)
            ranked = articles.passages_of(retriever.search(request).hits, places)
            found = by_query({query_id: grades}, {query_id: ranked})
            for metric in ("nDCG@10", "recall@10"):
                figures.setdefault((system, metric), []).append(found[metric][query_id])
    yield from articles.compared(figures, OFF, data)


def changes(library: Library, titles: Mapping[str, Sequence[Passage]], data: str) -> Iterator[Row]:
    """The share of all summaries that are made anew when a document is deleted, added or replaced.

    Those of the document's own tree count among all, and not among those made anew.
    """
    with library.database.read() as connection:
        found = {item.name: item for item in documents.list_page(connection, COLLECTION, None, 100_000, None)}
    there = [title for title in sorted(titles) if articles.name(title) in found]  # the same text twice is one document
    shares: dict[str, list[float]] = {"deleting": [], "adding": [], "replacing": []}
    for title in random.Random(0).sample(there, CHANGED):
        content = articles.content(titles[title])
        known = found[articles.name(title)]
        with library.database.write() as connection:
            documents.remove(connection, known.id)
        shares["deleting"].append(update(library) / summaries(library))
        document = library.add(articles.name(title), content)
        enrich(library)
        shares["adding"].append(update(library) / summaries(library))
        # Half of what it said, and after that all of it again.
        for revised in (content[: len(content) // 2].rsplit(b" ", 1)[0], content):
            with library.database.write() as connection:
                source = library.store(revised, articles.name(title))
                document, _ = documents.replace(connection, document.id, source)
            ingest_document(library.tools, document)
            enrich(library)
            shares["replacing"].append(update(library) / summaries(library))
    for change, values in shares.items():
        yield bootstrap(f"{change} a document", data, "summaries of others made anew, share of all", values)
        yield Row(f"{change} a document", data, "the largest share", max(values))


def summaries(library: Library) -> int:
    """How many summaries there are, of documents and above them."""
    with library.database.read() as connection:
        counted = [
            connection.scalar(select(func.count()).select_from(table)) for table in (tree_nodes, collection_nodes)
        ]
    return sum(number or 0 for number in counted)


def _shape(library: Library, data: str) -> Iterator[Row]:
    for name, table in (("documents' trees", tree_nodes), ("tree over the collection", collection_nodes)):
        with library.database.read() as connection:
            levels = connection.execute(
                select(table.c.level, func.count()).group_by(table.c.level).order_by(table.c.level)
            ).all()
        for level, count in levels:
            yield Row(name, data, f"clusters on level {level}", count)
