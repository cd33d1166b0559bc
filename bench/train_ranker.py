"""Trains the ranker that ships and judges it on data it never saw, one set left out after the other.

Run by hand when features, embedder, analyser or chunking change: `python -m bench.train_ranker FOLDER_OF_CORPORA
--kept FOLDER`. Writes retrieval/default_ranker.txt, trained on the training splits of all sets, and prints the table
for docs/ranker.md. The same data give the same file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from app.settings import Settings
from bench.judged_sets import SETS, load, trained_for
from bench.library import COLLECTION, Library, filled
from bench.measures import by_query
from bench.report import bootstrap
from retrieval import tree_ensemble
from retrieval.analysis import terms
from retrieval.candidates import tabulate
from retrieval.features import FEATURES, GROUPS, matrix
from retrieval.fusion import reciprocal_rank_fusion
from retrieval.pipeline import RANKING_DEPTH, RECALL_DEPTH
from retrieval.ranking import DEFAULT_RANKER
from retrieval.recall import Query, recall
from retrieval.store import chunks
from retrieval.train_ranker import JudgedCandidates, train

# The data have nothing to teach these with: no trees, no other representations.
UNTAUGHT = frozenset({"tree_rank", "cosine_other"})
NAMES = tuple(name for name in FEATURES if name not in UNTAUGHT)
# Candidates of a training query: deeper ones are easy to tell from relevant ones, and cost time.
TRAINED_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """The candidates of one query, in the order of fusion."""

    split: str
    query_id: str
    judgements: Mapping[str, int]
    passages: Sequence[str]  # [candidates], ids
    features: NDArray[np.float64]  # [candidates, features]
    lists: Mapping[str, Sequence[str]]  # passage ids in the order of each retriever

    @property
    def grades(self) -> NDArray[np.int64]:
        """Of each candidate; 0 for what was not judged."""
        return np.array([self.judgements.get(passage, 0) for passage in self.passages], dtype=np.int64)


def main(
    data: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of corpora in the BEIR layout.")],
    kept: Annotated[Path | None, typer.Option(help="Folder that keeps the embedded corpora for the next run.")] = None,
    out: Annotated[Path, typer.Option(help="File for the model.")] = DEFAULT_RANKER,
    ablate: Annotated[bool, typer.Option(help="Judge also without each group of features.")] = False,
) -> None:
    """Judge by leaving one set out after the other, then train on all and write the model."""
    asked = {name: collect(name, data, kept) for name in SETS if (data / SETS[name].folder).exists()}
    judge(asked, NAMES)
    if ablate:
        for group, members in GROUPS.items():
            print(f"\nwithout {group}")
            judge(asked, [name for name in NAMES if name not in members])
    out.write_text(train(NAMES, candidates(asked, list(asked), NAMES)))


def collect(name: str, data: Path, kept: Path | None) -> Sequence[Asked]:
    """The candidates of every query of the set, by the service's own stages."""
    parts = load(name, data)
    with filled(Settings(), next(iter(parts.values())), kept) as (library, names):
        return [
            _asked(library, names, split, query_id, question, corpus.judgements[query_id])
            for split, corpus in parts.items()
            for query_id, question in corpus.queries.items()
        ]


def _asked(
    library: Library,
    names: Mapping[str, str],
    split: str,
    query_id: str,
    question: str,
    judgements: Mapping[str, int],
) -> Asked:
    snapshot = library.snapshots.latest(COLLECTION)
    query = Query(question, terms(question), library.embedder.embed_query(question))
    lists = recall(query, snapshot, snapshot.alive, RECALL_DEPTH)
    fused = reciprocal_rank_fusion({name: found.keys for name, found in lists.items()})[:RANKING_DEPTH]
    with library.database.read() as connection:
        visible = chunks.visible(connection, [key for key, _ in fused])
    passage_of = {key: names[chunk.document_id] for key, chunk in visible.items()}
    return Asked(
        split,
        query_id,
        judgements,
        [passage_of[key] for key, _ in fused],
        matrix(tabulate(query, snapshot, lists, fused), list(FEATURES)),
        {name: [passage_of[key] for key in found.keys] for name, found in lists.items()},
    )


def candidates(asked: Mapping[str, Sequence[Asked]], sets: Sequence[str], names: Sequence[str]) -> JudgedCandidates:
    """The training rows of some sets; every set counts the same, however many queries it has."""
    columns = [list(FEATURES).index(name) for name in names]
    features, grades, weights = [], [], []
    for name in sets:
        rows = [item for item in asked[name] if item.split in SETS[name].train and item.grades[:TRAINED_DEPTH].any()]
        for item in rows:
            features.append(item.features[:TRAINED_DEPTH, columns])
            grades.append(item.grades[:TRAINED_DEPTH])
            weights.append(1 / len(rows))
    mean = sum(weights) / len(weights)
    return JudgedCandidates(
        np.concatenate(features),
        np.concatenate(grades),
        [len(found) for found in grades],
        np.array(weights) / mean,
    )


def judge(asked: Mapping[str, Sequence[Asked]], names: Sequence[str]) -> None:
    """Prints nDCG@10 of each set by a ranker that saw neither it nor its kin, and the gains over fusion."""
    print("| set (queries) | BM25 | dense | RRF | ranked | over RRF | over the best single |")
    print("|---|---|---|---|---|---|---|")
    gains: list[NDArray[np.float64]] = []
    over_best = []
    for name, items in asked.items():
        tested = [item for item in items if item.split in SETS[name].test]
        if not tested:
            continue
        ensemble = tree_ensemble.read(train(names, candidates(asked, trained_for(name, list(asked)), names)))
        values = _values(tested, ensemble, names)
        gains.append(values["ranked"] - values["RRF"])
        means = {system: float(found.mean()) for system, found in values.items()}
        over_best.append(means["ranked"] - max(means["BM25"], means["dense"]))
        row = bootstrap("ranked", name, "gain", gains[-1].tolist())
        cells = " | ".join(f"{mean:.3f}" for mean in means.values())
        print(
            f"| {name} ({len(tested)}) | {cells} | {100 * row.value:+.1f} ({100 * (row.low or 0):+.1f} to "
            f"{100 * (row.high or 0):+.1f}) | {100 * over_best[-1]:+.1f} |",
            flush=True,
        )
    mean, low, high = mean_of_sets(gains)
    cells = f"{mean:+.2f} ({low:+.2f} to {high:+.2f}) | {100 * np.mean(over_best):+.2f}"
    print(f"| mean of {len(gains)} sets | | | | | {cells} |")


def mean_of_sets(gains: Sequence[NDArray[np.float64]]) -> tuple[float, float, float]:
    """The mean over sets in points with its 95 % interval, from queries drawn anew within every set."""
    generator = np.random.default_rng(0)
    drawn = [found[generator.integers(0, len(found), (2000, len(found)))].mean(axis=1) for found in gains]
    low, high = np.percentile(np.mean(drawn, axis=0), [2.5, 97.5])
    return 100 * float(np.mean([found.mean() for found in gains])), 100 * float(low), 100 * float(high)


def _values(
    tested: Sequence[Asked], ensemble: tree_ensemble.TreeEnsemble, names: Sequence[str]
) -> Mapping[str, NDArray[np.float64]]:
    """nDCG@10 of every query by system."""
    columns = [list(FEATURES).index(name) for name in names]
    ranked: dict[str, dict[str, list[str]]] = {"BM25": {}, "dense": {}, "RRF": {}, "ranked": {}}
    for item in tested:
        order = np.argsort(-ensemble.predict(item.features[:, columns]), kind="stable")
        found = {
            "BM25": item.lists["sparse"],
            "dense": item.lists["dense"],
            "RRF": item.passages,
            "ranked": [item.passages[place] for place in order],
        }
        for system, ids in found.items():
            ranked[system][item.query_id] = list(dict.fromkeys(ids))
    judgements = {item.query_id: item.judgements for item in tested}
    return {system: np.array(list(by_query(judgements, lists)["nDCG@10"].values())) for system, lists in ranked.items()}


if __name__ == "__main__":
    typer.run(main)
