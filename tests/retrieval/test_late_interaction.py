"""The order of the ranker and that of the tokens, in one."""

import numpy as np

from retrieval.late_interaction import joined
from retrieval.ranking import Ranked


def order(found: list[float]) -> list[int]:
    ranked = [Ranked(key, -float(key)) for key in range(len(found))]
    return [item.key for item in joined(ranked, np.array(found))]


def test_agreement_changes_nothing() -> None:
    assert order([0.9, 0.8, 0.7, 0.6]) == [0, 1, 2, 3]


def test_the_best_by_tokens_rises_past_those_that_are_worse_in_both() -> None:
    assert order([0.5, 0.4, 0.9, 0.3])[:2] == [0, 2]


def test_candidates_without_a_score_keep_their_place() -> None:
    assert order([float("nan")] * 3) == [0, 1, 2]
    assert order([0.1, float("nan"), 0.9])[1] == 1
    assert order([0.1, float("nan"), 0.2, float("nan"), 0.9, 0.3]) == [4, 1, 0, 3, 2, 5]
