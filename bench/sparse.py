"""Our sparse index beside SQLite FTS5, tantivy and bm25s: the same terms, one engine a process, one after the other.

The labelled corpora lie among other texts, as many as are asked for. Times are given twice, because machines are
shared: on the clock, and of the processor.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from bench import corpora, many_passages
from bench.corpora import Corpus
from bench.measures import by_query
from bench.report import Report, Row, bootstrap
from bench.sparse_engines import BUILDS, ENGINES, FIXED, Engine, installed
from retrieval.analysis import terms
from retrieval.errors import InvalidRequest
from retrieval.store.chunks import represented_by

CHUNKS = 100_000
LABELLED = ("nq_gold", "cmrc2018")
_QUERIES = 150  # of each labelled corpus
_FOUND = 10
_FILTER = 0.01
_CHANGED = 1_000  # rows that are added, and removed, at once
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class _Task:
    """What an engine's process is given."""

    engine: str
    texts: Sequence[str]  # the last ones are added after the build
    queries: Mapping[str, Sequence[Sequence[str]]]  # by corpus: terms


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What it gives."""

    figures: Mapping[tuple[str, str], float]  # by (data, metric)
    found: Mapping[str, Sequence[Sequence[int]]]  # by corpus and query: rows, best first


def run(folders: Sequence[Path] = (), count: int = CHUNKS, split: str = "test") -> Report:
    """Build, memory, disk, queries with and without a filter, changes, and nDCG@10, by engine that is installed.

    Without folders the chunks are made of the sample documents' sentences, and nothing is judged.
    """
    judged = [_sample(folders, name, split) for name in LABELLED if folders]
    wanted = count + _CHANGED
    pieces = many_passages.load(folders, wanted, judged) if folders else many_passages.made_up(wanted)
    texts = [" ".join(terms(represented_by(_headings(piece.title), piece.text))) for piece in pieces]
    queries = {corpus.name: [terms(query) for query in corpus.queries.values()] for corpus in judged}
    if not judged:
        queries = {"made up": [text.split()[8:20] for text in texts[:_QUERIES]]}
    rows: list[Row] = []
    for engine in installed():
        outcome = _in_a_process(_Task(engine, texts, queries))
        rows += [
            Row(engine, f"{count} chunks{data}", metric, value) for (data, metric), value in outcome.figures.items()
        ]
        for corpus in judged:
            ids = [list(dict.fromkeys(pieces[row].passage_id for row in found)) for found in outcome.found[corpus.name]]
            values = by_query(corpus.judgements, dict(zip(corpus.queries, ids, strict=True)))["nDCG@10"]
            rows.append(bootstrap(engine, f"{corpus.name} among {count} chunks", "nDCG@10", list(values.values())))
    configuration = {"threads": 1, "queries": _QUERIES, "split": split, "texts": "analysed by our analyser"}
    return Report("sparse", configuration, rows, plotted=("p95 ms", "nDCG@10", "MiB in memory", "build s"))


def _sample(folders: Sequence[Path], name: str, split: str) -> Corpus:
    found = next((path.parent for folder in folders for path in folder.glob(f"**/{name}/corpus.jsonl*")), None)
    if found is None:
        raise InvalidRequest(f"The folders do not hold {name}.", field="data")
    corpus = corpora.load(found, split)
    return corpora.sample(corpus, _QUERIES, len(corpus.passages))


def _headings(title: str) -> tuple[str, ...]:
    return (title,) if title.strip() else ()


def _in_a_process(task: _Task) -> _Outcome:
    """Spawned, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (task,))


def _measure(task: _Task) -> _Outcome:
    texts, later = task.texts[:-_CHANGED], task.texts[-_CHANGED:]
    figures: dict[tuple[str, str], float] = {}
    with TemporaryDirectory(prefix="scholiast-sparse-") as name:
        folder = Path(name)
        figures["", "build s"], figures["", "build processor s"] = _timed(lambda: BUILDS[task.engine](texts, folder))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        figures["", "MiB on disk"] = size / _MEBIBYTE
        before = psutil.Process().memory_info().rss
        engine = ENGINES[task.engine](folder)
        found = {
            corpus: [engine.search(query, None, _FOUND) for query in asked] for corpus, asked in task.queries.items()
        }
        figures["", "MiB in memory"] = (psutil.Process().memory_info().rss - before) / _MEBIBYTE
        allowed = np.random.default_rng(0).random(len(texts)) < _FILTER
        for corpus, asked in task.queries.items():
            for narrowed, mask in (("", None), (", filter of 1 %", allowed)):
                searches = [partial(engine.search, query, mask, _FOUND) for query in asked]
                figures |= _queries(f", {corpus}{narrowed}", searches)
        if task.engine not in FIXED:
            figures |= _changes(engine, later)
    return _Outcome(figures, found)


def _queries(data: str, asked: Sequence[Callable[[], object]]) -> Iterator[tuple[tuple[str, str], float]]:
    times = np.array([_timed(ask) for ask in asked]) * 1000
    for column, clock in enumerate(("ms", "processor ms")):
        for percentile in (50, 95):
            yield (data, f"p{percentile} {clock}"), float(np.percentile(times[:, column], percentile))


def _changes(engine: Engine, later: Sequence[str]) -> Mapping[tuple[str, str], float]:
    figures = {}
    for what, change in (("add", lambda: engine.add(later)), ("remove", lambda: engine.remove(range(_CHANGED)))):
        seconds, processor = _timed(change)
        figures["", f"{what} {_CHANGED}, s"] = seconds
        figures["", f"{what} {_CHANGED}, processor s"] = processor
    return figures


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor in all threads."""
    started, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - worked
