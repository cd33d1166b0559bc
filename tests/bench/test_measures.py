"""The measures, on lists small enough to count by hand."""

import math

import pytest

from bench.measures import by_query


def test_values_follow_the_definitions() -> None:
    found = by_query({"q": {"a": 1, "b": 1}}, {"q": ["x", "a", "y", "b"]})
    best = 1 + 1 / math.log2(3)
    assert found["nDCG@10"]["q"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / best)
    assert found["MRR@10"]["q"] == 0.5
    assert found["recall@10"]["q"] == found["recall@100"]["q"] == 1.0


def test_a_query_for_which_nothing_was_found_counts_zero() -> None:
    found = by_query({"q": {"a": 1}, "r": {"b": 1}}, {"q": ["a"], "r": []})
    assert found["nDCG@10"] == {"q": 1.0, "r": 0.0}
