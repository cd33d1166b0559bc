"""Training: deterministic, and better than chance on what it was given."""

import numpy as np

from retrieval import tree_ensemble
from retrieval.train_ranker import JudgedCandidates, train

NAMES = ("cosine", "coverage", "length")


def judged(queries: int = 60, each: int = 20) -> JudgedCandidates:
    """One relevant candidate a query, the one of the highest cosine and coverage; length says nothing."""
    features = np.random.default_rng(3).random((queries * each, len(NAMES)))
    sums = (features[:, 0] + features[:, 1]).reshape(queries, each)
    grades = (sums == sums.max(axis=1, keepdims=True)).astype(np.int64).ravel()
    return JudgedCandidates(features, grades, [each] * queries, np.ones(queries))


def test_the_same_rows_give_the_same_file() -> None:
    assert train(NAMES, judged()) == train(NAMES, judged())


def test_the_model_puts_relevant_candidates_first_and_never_punishes_a_higher_cosine() -> None:
    rows = judged()
    ensemble = tree_ensemble.read(train(NAMES, rows))
    scores = ensemble.predict(rows.features).reshape(60, 20)
    relevant = rows.grades.reshape(60, 20).argmax(axis=1)
    ranks = (scores > scores[np.arange(60), relevant][:, None]).sum(axis=1)
    assert np.mean(ranks < 3) > 0.9
    higher = rows.features.copy()
    higher[:, 0] += 0.2
    assert (ensemble.predict(higher) >= ensemble.predict(rows.features) - 1e-12).all()
