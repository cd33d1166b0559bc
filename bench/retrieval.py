"""Which retriever finds the right place: BM25 alone, dense alone, and the service's hybrid of both.

Always over the sample documents and their questions; with `--data FOLDER` also over corpora in the BEIR layout, of
which each passage becomes a document.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from app.settings import Settings
from bench.corpora import Corpus, load
from bench.library import COLLECTION, Library, opened
from bench.report import Report, Row, bootstrap
from retrieval.analysis import terms
from retrieval.fusion import reciprocal_rank_fusion
from retrieval.recall import Query, recall
from retrieval.store import chunks

EXAMPLES = Path("examples")
DEPTH = 100
# The split that is reported on; tuning belongs to `dev`.
SPLIT = "test"


def run(settings: Settings, data: Path | None = None) -> Report:
    """hit@5 over the sample questions by language; nDCG@10 and recall@10 over every corpus of the folder."""
    with opened(settings) as library:
        rows = list(_examples(library))
        configuration = {"model": library.embedder.model_id, "depth": DEPTH}
    for folder in sorted(data.iterdir()) if data else []:
        if (folder / "qrels" / f"{SPLIT}.tsv").exists():
            with opened(settings) as library:
                rows += _corpus(library, load(folder, SPLIT))
    return Report("retrieval", configuration, rows)


def rank(library: Library, question: str) -> Mapping[str, Sequence[str]]:
    """Document ids in the order of each system, best first, without repeats."""
    snapshot = library.snapshots.latest(COLLECTION)
    query = Query(terms(question), library.embedder.embed_query(question))
    lists = {name: found.keys for name, found in recall(query, snapshot, snapshot.alive, DEPTH).items()}
    lists["hybrid"] = [key for key, _ in reciprocal_rank_fusion(lists)]
    with library.database.read() as connection:
        visible = chunks.visible(connection, list({key for keys in lists.values() for key in keys}))
    return {
        name: list(dict.fromkeys(visible[key].document_id for key in keys if key in visible))
        for name, keys in lists.items()
    }


def _examples(library: Library) -> Iterator[Row]:
    paths = sorted((EXAMPLES / "documents").iterdir())
    names = {library.add(path.name, path.read_bytes()).id: path.name for path in paths}
    library.build()
    asked = [entry for entry in json.loads((EXAMPLES / "questions.json").read_text()) if entry["documents"]]
    found: dict[tuple[str, str], list[float]] = {}
    for entry in asked:
        for system, ids in rank(library, entry["question"]).items():
            right = any(names[document_id] in entry["documents"] for document_id in ids[:5])
            found.setdefault((system, entry["language"]), []).append(float(right))
    for (system, language), values in found.items():
        yield bootstrap(system, f"examples, {language}", "right document in the first 5", values)


def _corpus(library: Library, corpus: Corpus) -> Iterator[Row]:
    names = library.add_texts(
        {passage.id: f"{passage.title}\n\n{passage.text}" for passage in corpus.passages if passage.text.strip()}
    )
    library.build()
    figures: dict[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {"nDCG@10": ndcg, "recall@10": recall_at}
    found: dict[tuple[str, str], list[float]] = {}
    for query_id, question in corpus.queries.items():
        for system, ids in rank(library, question).items():
            ranked = [names[document_id] for document_id in ids]
            for metric, figure in figures.items():
                found.setdefault((system, metric), []).append(figure(ranked, corpus.judgements[query_id]))
    for (system, metric), values in found.items():
        yield bootstrap(system, corpus.name, metric, values)


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain with exponential gains (Järvelin and Kekäläinen, 2002)."""

    def gain(found: Sequence[int]) -> float:
        return float(sum((2**grade - 1) / np.log2(position + 2) for position, grade in enumerate(found[:depth])))

    ideal = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(passage_id, 0) for passage_id in ranked]) / ideal if ideal else 0.0


def recall_at(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """The share of the relevant passages among the first `depth`."""
    relevant = {passage_id for passage_id, grade in grades.items() if grade > 0}
    return len(relevant & set(ranked[:depth])) / len(relevant) if relevant else 0.0
