"""The learned ranker: a LambdaRank model over named features puts the fused candidates in their final order.

Burges, "From RankNet to LambdaRank to LambdaMART: an overview", 2010; trained by LightGBM (`retrieval/train_ranker.py`)
and kept as its text format, which cannot carry code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval import tree_ensemble
from retrieval.candidates import CandidateTable
from retrieval.errors import ModelUnavailable
from retrieval.features import FEATURES, matrix
from retrieval.tree_ensemble import TreeEnsemble

DEFAULT_RANKER = Path(__file__).with_name("default_ranker.txt")
# Cosines of another embedding model have other levels, so trees that split on them would order by accident.
DEFAULT_EMBEDDER = "multilingual-e5-small"
# What the name of its document adds to a candidate, for each unit of log(1 + BM25 in the name). The published sets that
# rankers are trained on have no names, so it is not learnt; files of people have, and questions say them.
NAME_WEIGHT = 0.6
DOCUMENT_NAME = "document_name"
# Fused candidates that are looked at, for each candidate of a list: all that dense and sparse recall can give.
RANKED_PER_CANDIDATE = 2


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its final place, with its features and what each of them added to its score."""

    key: int
    score: float
    features: Mapping[str, float] = field(default_factory=dict)
    # Sums to the score together with `mean`, the score of the average candidate, and what the document's name adds.
    contributions: Mapping[str, float] = field(default_factory=dict)


class Ranker:
    """One loaded model. Immutable, so any number of threads may use it."""

    def __init__(self, path: Path = DEFAULT_RANKER, embedder: str = DEFAULT_EMBEDDER, text: str | None = None) -> None:
        """`embedder` is the name of the embedding model whose cosines it was trained with.

        `text` is the model where it does not come from a file; then the path only names it.
        Raises `ModelUnavailable` if the file holds no model, or one for other features than there are.
        """
        text = _read(path) if text is None else text
        self.embedder = embedder
        self.text = text
        self._ensemble: TreeEnsemble = tree_ensemble.read(text)
        self.name = path.name.removesuffix(".txt")
        self.features = tuple(self._ensemble.features)
        if unknown := [name for name in self.features if name not in FEATURES]:
            raise ModelUnavailable(
                f"The ranker {path.name} was trained with features that this version does not have: "
                f"{', '.join(unknown)}. Train it again, or use one that came with this version."
            )

    def suits(self, model_id: str) -> bool:
        """Whether it was trained with the cosines of this embedding model, known by the name before its `@`."""
        return model_id.partition("@")[0] == self.embedder

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores [rows] of rows of its features [rows, features]; raises `ModelUnavailable` for another number."""
        if features.shape[1] != len(self.features):
            raise ModelUnavailable(
                f"The ranker {self.name} was trained with {len(self.features)} features and was given "
                f"{features.shape[1]}: {', '.join(self.features)}."
            )
        return self._ensemble.predict(features)

    def rank(self, keys: Sequence[int], table: CandidateTable, explained: int) -> Sequence[Ranked]:
        """The candidates, best first; equal scores keep the order of fusion. The first `explained` say why."""
        features = matrix(table, self.features)
        named = NAME_WEIGHT * np.log1p(table.score_field("title"))
        scores = self.score(features) + named
        order = np.argsort(-scores, kind="stable")
        first = features[order[:explained]]
        reasons = self._ensemble.contributions(first)
        ranked = [
            Ranked(
                keys[place],
                float(scores[place]),
                dict(zip(self.features, values, strict=True)),
                {**dict(zip((*self.features, "mean"), added, strict=True)), DOCUMENT_NAME: float(named[place])},
            )
            for place, values, added in zip(order.tolist(), first.tolist(), reasons.tolist(), strict=False)
        ]
        return ranked + [Ranked(keys[place], float(scores[place])) for place in order[explained:].tolist()]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise ModelUnavailable(f"The ranker {path.name} cannot be read: {error.strerror}.") from error
