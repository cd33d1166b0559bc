"""How well searches rank: BM25 alone, dense alone, their fusion, the learned ranker, and it without a kind of feature.

Over the sample documents and their questions; with `--data FOLDER` also over corpora in the BEIR layout, of which each
passage becomes a document. What is measured is the service's own `Retriever.search`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from app.settings import Settings
from bench import baseline, corpora, examples
from bench.ablation import WithoutGroup
from bench.corpora import Corpus
from bench.library import COLLECTION, Library, filled, opened
from bench.measures import MEASURES, Judgements, by_query
from bench.report import Report, Row, bootstrap
from bench.retrieval_configuration import configuration
from retrieval.analysis import terms
from retrieval.errors import InvalidRequest
from retrieval.features import GROUPS
from retrieval.pipeline import RECALL_DEPTH, Retriever
from retrieval.rankers import CandidateRanker
from retrieval.recall import Query, recall
from retrieval.store import chunks
from retrieval.token_encoding import TokenEncoder
from retrieval.types import Chunk, Json, SearchRequest

MEBIBYTE = 1 << 20
# Queries and passages of a corpus that `--quick` uses.
QUICK = (50, 200)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is measured on what."""

    folders: Sequence[Path] = ()  # corpora, or folders of corpora
    split: str = "test"  # tuning belongs to `dev`
    systems: Sequence[str] = ()  # none: all
    against: str = "hybrid"  # the system that gains are measured from
    queries: int | None = None  # of each corpus at most; None: all
    passages: int | None = None  # of each corpus, the judged ones first
    kept: Path | None = None  # folder that keeps filled libraries for the next run
    quick: bool = False
    renew_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the questions to one corpus."""

    data: str
    judgements: Judgements
    ranked: Mapping[str, Mapping[str, Sequence[str]]]  # by system and query: ids, best first, without repeats
    milliseconds: Mapping[str, Sequence[float]]  # by stage, of searches for 10 hits with the default options


# Systems that compare tokens, and whether the ranker orders before. They run where they are named: encoding the tokens
# takes as long as embedding the passages.
LATE = {"hybrid + late interaction": False, "ranked + late interaction": True}
Identify = Callable[[Chunk], str]
System = Callable[[str], Sequence[Chunk]]


def run(settings: Settings, scope: Scope) -> Report:
    """Every measure by system and data, what each system gains over `scope.against`, and the times of the stages."""
    with opened(settings) as library:
        outcomes = list(_examples(library, scope))
        stated = configuration(library.embedder.model_id)
    for folder in _folders(scope):
        corpus = corpora.load(folder, scope.split)
        queries, passages = QUICK if scope.quick else (scope.queries, scope.passages)
        if queries is not None or passages is not None:
            corpus = corpora.sample(corpus, queries or len(corpus.queries), passages or len(corpus.passages))
        outcomes.append(_corpus(settings, corpus, scope))
    values = {
        outcome.data: {
            system: by_query(outcome.judgements, lists)["nDCG@10"] for system, lists in outcome.ranked.items()
        }
        for outcome in outcomes
    }
    rows = [row for outcome in outcomes for row in _rows(outcome, scope.against)]
    rows.append(Row("process", "all", "resident MiB", psutil.Process().memory_info().rss / MEBIBYTE))
    if scope.renew_baseline:
        baseline.write(stated, values)
    return Report("retrieval", stated, rows, baseline.regressions(values) if scope.quick else (), ("nDCG@10",))


def _folders(scope: Scope) -> Iterator[Path]:
    """The corpora that are or lie in the folders of the scope and have its split."""
    for folder in scope.folders:
        for corpus in [folder] if (folder / "qrels").exists() else sorted(folder.iterdir()):
            if (corpus / "qrels" / f"{scope.split}.tsv").exists():
                yield corpus


def systems(library: Library, names: Sequence[str]) -> Mapping[str, System]:
    """The named systems, all of them if none is named."""

    def listed(name: str) -> System:
        return lambda question: _listed(library, question, name)

    def searched(rerank: bool, ranker: CandidateRanker, tokens: TokenEncoder | None = None) -> System:
        embedders = {library.embedder.model_id: library.embedder}
        encoders = None if tokens is None else lambda _model_id: tokens
        retriever = Retriever(library.database, library.snapshots, embedders, ranker, encoders)
        return lambda question: _searched(retriever, question, rerank, tokens is not None)

    known = {
        "BM25": listed("sparse"),
        "dense": listed("dense"),
        "hybrid": searched(False, library.ranker),
        "ranked": searched(True, library.ranker),
    }
    if wanted := sorted(set(LATE) & set(names)):
        tokens = library.encode_tokens()
        known |= {name: searched(LATE[name], library.ranker, tokens) for name in wanted}
    for group in GROUPS:
        known[f"ranked without {group}"] = searched(True, WithoutGroup(library.ranker, group))
    if unknown := sorted(set(names) - known.keys()):
        allowed = sorted(known.keys() | LATE.keys())
        raise InvalidRequest(f"There is no system {', '.join(unknown)}.", field="system", allowed=allowed)
    return {name: system for name, system in known.items() if not names or name in names}


def _listed(library: Library, question: str, name: str) -> Sequence[Chunk]:
    snapshot = library.snapshots.latest(COLLECTION)
    query = Query(question, terms(question), library.embedder.embed_query(question))
    keys = recall(query, snapshot, snapshot.alive, RECALL_DEPTH)[name].keys
    with library.database.read() as connection:
        visible = chunks.visible(connection, keys)
    return [visible[key] for key in keys]


def _searched(retriever: Retriever, question: str, rerank: bool, late: bool) -> Sequence[Chunk]:
    request = SearchRequest(question, COLLECTION, RECALL_DEPTH, rerank=rerank, late_interaction=late)
    result = retriever.search(request)
    return [hit.chunk for hit in result.hits]


def _ask(
    library: Library, data: str, queries: Mapping[str, str], judgements: Judgements, identify: Identify, scope: Scope
) -> Outcome:
    milliseconds: dict[str, list[float]] = {}
    asked = systems(library, scope.systems)
    ranked: dict[str, dict[str, Sequence[str]]] = {name: {} for name in asked}
    for query_id, question in queries.items():
        # Timed as a person would search; after it the embedder remembers the query for all systems.
        result = library.retriever.search(SearchRequest(question, COLLECTION, 10))
        stages = {entry.stage: entry.milliseconds for entry in result.trace.stages if entry.skipped is None}
        for stage, spent in {**stages, "search": sum(stages.values())}.items():
            milliseconds.setdefault(stage, []).append(spent)
        for name, system in asked.items():
            ranked[name][query_id] = list(dict.fromkeys(map(identify, system(question))))
    return Outcome(data, judgements, ranked, milliseconds)


def _examples(library: Library, scope: Scope) -> Iterator[Outcome]:
    """By language, twice: the right documents, and their chunks that contain the answer, or all if none does."""
    ids = {name: document_id for document_id, name in examples.store(library).items()}
    library.build()
    entries = examples.questions()
    for language in dict.fromkeys(entry["language"] for entry in entries):
        asked = [entry for entry in entries if entry["language"] == language]
        judgements = {entry["id"]: dict.fromkeys(_right(library, entry, ids), 1) for entry in asked}
        queries = {entry["id"]: entry["question"] for entry in asked}
        yield _ask(library, f"examples, {language}", queries, judgements, lambda chunk: chunk.id, scope)
        judgements = {entry["id"]: {ids[name]: 1 for name in entry["documents"]} for entry in asked}
        yield _ask(
            library, f"examples, {language}, documents", queries, judgements, lambda chunk: chunk.document_id, scope
        )


def _right(library: Library, entry: Json, ids: Mapping[str, str]) -> Sequence[str]:
    with library.database.read() as connection:
        found = [chunk for name in entry["documents"] for chunk in chunks.of_document(connection, ids[name], 10_000, 0)]
    answers = [answer.casefold() for answer in entry["answer_any"]]
    # The longer an answer, the surer that a chunk with these words is about it.
    for answer in sorted(answers, key=len, reverse=True):
        if right := [chunk.id for chunk in found if answer in chunk.text.casefold()]:
            return right
    return [chunk.id for chunk in found]


def _corpus(settings: Settings, corpus: Corpus, scope: Scope) -> Outcome:
    with filled(settings, corpus, scope.kept) as (library, names):
        data = f"{corpus.name}, {len(names)} passages"
        return _ask(library, data, corpus.queries, corpus.judgements, lambda chunk: names[chunk.document_id], scope)


def _rows(outcome: Outcome, against: str) -> Iterator[Row]:
    values = {system: by_query(outcome.judgements, lists) for system, lists in outcome.ranked.items()}
    for measure in MEASURES:
        for system, found in values.items():
            yield bootstrap(system, outcome.data, measure, list(found[measure].values()))
    for system, found in values.items():
        if against in values and system != against:
            gains = [found["nDCG@10"][query] - values[against]["nDCG@10"][query] for query in outcome.judgements]
            yield bootstrap(system, outcome.data, f"nDCG@10 gained over {against}", gains)
    for stage, spent in outcome.milliseconds.items():
        for percentile in (50, 95):
            yield Row(stage, outcome.data, f"p{percentile} ms", float(np.percentile(spent, percentile)))
