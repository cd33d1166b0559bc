"""Trains a ranker from judged candidates with LightGBM's LambdaRank. Deterministic: the same rows, the same file.

Knows nothing of where judgements come from. Imported only to train: LightGBM takes seconds to load.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from retrieval.errors import ModelUnavailable

# More of these is never worse: whatever the training data say, a better match must not lower a score.
INCREASING = frozenset({"cosine", "cosine_to_best", "bm25", "bm25_of_best", "coverage", "coverage_to_best"})
# Small trees and few of them: with leave-one-data-set-out more fitted the collections that were seen.
ROUNDS = 150
PARAMETERS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "monotone_constraints_method": "basic",
    "max_bin": 63,
    "use_missing": False,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
# Trees that are added to a model: one collection's own data are few, and are to move it, not to replace it.
ROUNDS_MORE = 60
GOING_ON = {"min_data_in_leaf": 50, "num_leaves": 8}


@dataclass(frozen=True, slots=True)
class JudgedCandidates:
    """The candidates of some queries, one query after the other."""

    features: NDArray[np.float64]  # [candidates, features]
    grades: NDArray[np.int64]  # [candidates], 0 for what is not relevant
    sizes: Sequence[int]  # candidates of each query
    weights: NDArray[np.float64]  # [queries], how much each counts


def train(names: Sequence[str], judged: JudgedCandidates, start: str | None = None) -> str:
    """The trained model as LightGBM's text, for features of the given names.

    With the text of a model to `start` from, trees are added to it. Raises `ModelUnavailable` if that one was trained
    with other features.
    """
    before = None if start is None else lightgbm.Booster(model_str=start)
    if before is not None and before.feature_name() != list(names):
        raise ModelUnavailable(
            "The model to go on from was trained with other features, or with the same in another order: "
            f"{', '.join(before.feature_name())}; now there are {', '.join(names)}. Train one from scratch."
        )
    parameters, rounds = (PARAMETERS, ROUNDS) if start is None else (PARAMETERS | GOING_ON, ROUNDS_MORE)
    data = lightgbm.Dataset(
        judged.features,
        judged.grades,
        group=list(judged.sizes),
        weight=np.repeat(judged.weights, judged.sizes),
        feature_name=list(names),
    )
    constraints = [1 if name in INCREASING else 0 for name in names]
    model = lightgbm.train(parameters | {"monotone_constraints": constraints}, data, rounds, init_model=before)
    return model.model_to_string()
