"""Reciprocal rank fusion, checked against its formula."""

import pytest

from retrieval.fusion import reciprocal_rank_fusion


def test_scores_follow_the_formula_with_ranks_from_one() -> None:
    fused = dict(reciprocal_rank_fusion({"dense": [7, 8], "sparse": [8]}))
    assert fused[8] == pytest.approx(1 / 62 + 1 / 61)
    assert fused[7] == pytest.approx(1 / 61)


def test_agreement_beats_one_first_place() -> None:
    assert reciprocal_rank_fusion({"dense": [1, 2, 3], "sparse": [4, 3, 5]})[0][0] == 3


def test_equal_scores_are_ordered_by_key_so_that_results_repeat() -> None:
    assert [key for key, _ in reciprocal_rank_fusion({"dense": [9], "sparse": [4]})] == [4, 9]


def test_nothing_fuses_to_nothing() -> None:
    assert reciprocal_rank_fusion({}) == []
