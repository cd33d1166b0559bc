"""What texts by the language model add to a search, beside those made of the documents' own sentences.

How long a text takes; with `--data FOLDER`, which holds corpora in the BEIR layout, also what searches gain, on samples
of about 200 chunks each: an hour and more.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from app.settings import Settings
from app.wiring import generator_on_demand
from bench import articles
from bench.corpora import Corpus, load
from bench.library import COLLECTION, Library, opened, passages
from bench.report import Report, Row, bootstrap
from ingest.model_on_demand import ModelOnDemand
from ingest.prompts import WORDINGS, Task, prompt_for
from retrieval.store import collections, enrichment

# Characters taken of each corpus, whole articles with judged passages first.
SAMPLES = {"squad": 100_000, "nq_gold": 80_000, "hotpotqa200": 95_000}
SPLIT = "dev"
MAX_QUERIES = 250
TIMED: tuple[Task, ...] = ("questions", "summary")
PASSAGES = 4
# By writer: what is searched.
SYSTEMS = {
    "extractive": {
        "text": frozenset({"text"}),
        "text + summary": frozenset({"text", "summary"}),
        "text + keywords": frozenset({"text", "keywords"}),
    },
    "model": {
        "text + summary by model": frozenset({"text", "summary"}),
        "text + questions by model": frozenset({"text", "questions"}),
    },
}


def run(settings: Settings, data: Path | None = None, language_model: ModelOnDemand | None = None) -> Report:
    """nDCG@10 and recall@10 by writer, with the difference to the text alone, and the seconds a chunk took."""
    model = language_model or generator_on_demand(settings)
    rows = list(_seconds(model))
    for folder in [data / name for name in SAMPLES] if data else []:
        if (folder / "qrels" / f"{SPLIT}.tsv").exists():
            with opened(settings, language_model=model) as library:
                rows += _corpus(library, load(folder, SPLIT))
    return Report("writers", {"characters": SAMPLES, "queries": MAX_QUERIES, "split": SPLIT}, rows)


def _seconds(language_model: ModelOnDemand) -> Iterator[Row]:
    model = language_model.get()
    for task in TIMED:
        wording = WORDINGS[task, "en"]
        seconds = []
        for passage in passages(PASSAGES):
            started = time.perf_counter()
            model.complete(prompt_for(wording, passage), wording.max_tokens, lambda: False)
            seconds.append(time.perf_counter() - started)
        yield bootstrap(f"{task} by model", f"{PASSAGES} sample passages", "seconds a text", seconds)


def _corpus(library: Library, corpus: Corpus) -> Iterator[Row]:
    with library.database.write() as connection:
        collections.ensure(connection, COLLECTION)
    places = articles.add(library, articles.choose(corpus, SAMPLES[corpus.name]))
    queries = articles.answerable(corpus, places)
    queries = queries[:: -(-len(queries) // MAX_QUERIES)]
    figures: articles.Figures = {}
    data = ""
    for writer, systems in SYSTEMS.items():
        wanted = sorted(frozenset().union(*systems.values()))
        with library.database.write() as connection:
            settings = {"representations": wanted, "representation_writer": writer}
            collections.change_settings(connection, COLLECTION, settings)
            enrichment.repeat(connection, COLLECTION)
        started = time.perf_counter()
        library.enrich()
        seconds = time.perf_counter() - started
        count = library.build()
        data = f"{corpus.name}, {count} chunks of {len(places)} documents"
        yield Row(f"enrichment, {writer}", data, "seconds a chunk", seconds / count)
        figures |= articles.measure(library, corpus, places, queries, systems)
    yield from articles.compared(figures, "text", data)
