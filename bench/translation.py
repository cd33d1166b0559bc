"""What each translation of questions gains or loses, where one passage answers and where several are needed.

Every strategy always on, and `auto`, against searching with the question alone; on samples of published sets
(`bench/translation_sets.py`). Strategies whose queries the language model writes run where they are named, as
"multi_query by the model".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from app.generators import load_generator
from app.settings import Settings
from bench import judged_sets, translation_sets
from bench.corpora import Corpus
from bench.library import COLLECTION, Library, filled
from bench.measures import by_query
from bench.report import Report, Row, bootstrap
from bench.retrieval_configuration import configuration
from generation.completion import PromptCompletion
from retrieval.errors import InvalidRequest
from retrieval.pipeline import Retriever
from retrieval.translation.strategies import AUTO, NONE, STRATEGIES, UNWRITTEN
from retrieval.translation.translate import QueryWriter
from retrieval.types import SearchRequest, SearchResult

BY_MODEL = " by the model"
MEASURED = ("nDCG@10", "recall@10")
# Hits of a search: chunks of one passage count once.
_HITS = 20
_PLENTY = 20  # calls of the model: here none is refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one system made of the questions to one set."""

    ranked: Mapping[str, Sequence[str]]  # passage ids by question
    milliseconds: Sequence[float]  # a search
    calls: Sequence[int]  # of the language model, a search
    translate: Sequence[float]  # milliseconds of the stage
    used: Sequence[bool]  # whether any strategy ran


def run(  # noqa: PLR0913, PLR0917 - what a run may be told
    settings: Settings, data: Path | None, kept: Path | None, split: str, names: Sequence[str], queries: int | None
) -> Report:
    """Measures and paired gains by system and set, with the calls of the model and the time that they cost."""
    if data is None:
        raise InvalidRequest("Name the folder of the labelled sets by --data.", field="data")
    systems = _systems(names)
    writer = _writer(settings) if any(name.endswith(BY_MODEL) for name in systems) else None
    rows: list[Row] = []
    stated = {}
    for name, chosen in translation_sets.SETS.items():
        if not (data / chosen.folder).exists():
            continue
        splits = chosen.test if split == "test" else {split: chosen.train.get(split, 0)}
        for part, count in splits.items():
            if not count:
                continue
            corpus = judged_sets.load(name, data, sets=translation_sets.SETS)[part]
            with filled(settings, corpus, kept) as (library, ids):
                stated = configuration(library.embedder.model_id)
                asked = dict(list(corpus.queries.items())[:queries])
                outcomes = {
                    # The embedder remembers texts, so each system asks another.
                    system: _ask(
                        library, writer, system, {key: text + " " * number for key, text in asked.items()}, ids
                    )
                    for number, system in enumerate(systems)
                }
            rows += _rows(f"{name} ({part}, {len(asked)})", corpus, outcomes)
    return Report("translation", {**stated, "multi-hop": sorted(translation_sets.MULTI_HOP)}, rows, (), MEASURED)


def _systems(names: Sequence[str]) -> Sequence[str]:
    """The systems of these names, and what they are compared with; all that need no model if none is named."""
    written = [f"{name}{BY_MODEL}" for name in STRATEGIES if name not in UNWRITTEN]
    known = [*STRATEGIES, AUTO]
    if unknown := sorted(set(names) - {*known, *written, NONE}):
        allowed = [*known, *written]
        raise InvalidRequest(f"There is no system {', '.join(unknown)}.", field="system", allowed=allowed)
    return [NONE, *(name for name in [*known, *written] if (name in names if names else name in known))]


def _writer(settings: Settings) -> QueryWriter:
    model = PromptCompletion(load_generator(settings).model)
    return QueryWriter(model, frozenset(settings.generator_languages), frozenset(STRATEGIES))


def _ask(
    library: Library, writer: QueryWriter | None, system: str, asked: Mapping[str, str], ids: Mapping[str, str]
) -> Outcome:
    """Each question once, its vector known, so that the times are of everything else."""
    by_model = system.endswith(BY_MODEL)
    embedders = {library.embedder.model_id: library.embedder}
    retriever = Retriever(
        library.database, library.snapshots, embedders, library.ranker, query_writer=writer if by_model else None
    )
    names = () if system == NONE else (system.removesuffix(BY_MODEL),)
    ranked, milliseconds, calls, translate, used = {}, [], [], [], []
    for query, question in asked.items():
        library.embedder.embed_query(question)
        started = perf_counter()
        result = retriever.search(SearchRequest(question, COLLECTION, _HITS, translation=names, max_llm_calls=_PLENTY))
        milliseconds.append(1000 * (perf_counter() - started))
        ranked[query] = list(dict.fromkeys(ids[hit.chunk.document_id] for hit in result.hits))
        calls.append(int(result.trace.recorded("translate", "llm_calls") or 0))
        translate.append(_spent(result))
        used.append(bool(result.trace.recorded("translate", "strategies")))
    return Outcome(ranked, milliseconds, calls, translate, used)


def _spent(result: SearchResult) -> float:
    return sum(stage.milliseconds for stage in result.trace.stages if stage.stage == "translate")


def _rows(data: str, corpus: Corpus, outcomes: Mapping[str, Outcome]) -> Iterator[Row]:
    judgements = {query: corpus.judgements[query] for query in outcomes[NONE].ranked}
    values = {system: by_query(judgements, outcome.ranked) for system, outcome in outcomes.items()}
    for measure in MEASURED:
        for system, found in values.items():
            yield bootstrap(system, data, measure, list(found[measure].values()))
        for system, found in values.items():
            if system != NONE:
                gains = [found[measure][query] - values[NONE][measure][query] for query in judgements]
                yield bootstrap(system, data, f"{measure} gained", gains)
    for system, outcome in outcomes.items():
        yield Row(system, data, "p50 ms", float(np.median(outcome.milliseconds)))
        if system != NONE:
            yield Row(system, data, "model calls a question", float(np.mean(outcome.calls)))
    if AUTO in outcomes:
        auto = outcomes[AUTO]
        yield Row(AUTO, data, "share translated", float(np.mean(auto.used)))
        idle = [spent for spent, used in zip(auto.translate, auto.used, strict=True) if not used]
        if idle:
            yield Row(AUTO, data, "p50 ms of the gate where it says no", float(np.median(idle)))
