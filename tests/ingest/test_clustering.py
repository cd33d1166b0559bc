"""Soft clusters: complete, bounded, repeatable, and those that are there are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clustering import MAX_MEMBERS, soft_clusters


def unit(rows: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(count=st.integers(0, 90), seed=st.integers(0, 5), alike=st.booleans())
def test_every_row_is_in_a_cluster_and_there_are_at_most_half_as_many(count: int, seed: int, alike: bool) -> None:
    rows = np.random.default_rng(seed).standard_normal((count, 16)) * (1e-6 if alike else 1.0) + 1.0
    clusters = soft_clusters(unit(rows) if count else np.zeros((0, 16), dtype=np.float32))
    assert {row for members in clusters for row in members} == set(range(count))
    assert len(clusters) <= max((count + 1) // 2, min(count, 1))
    assert all(members == sorted(set(members)) for members in clusters)


def test_groups_that_lie_apart_are_found_and_the_same_input_gives_the_same_clusters() -> None:
    generator = np.random.default_rng(1)
    centres = generator.standard_normal((6, 64))
    rows = unit(np.repeat(centres, 8, axis=0) + 0.05 * generator.standard_normal((48, 64)))
    clusters = soft_clusters(rows)
    assert clusters == [list(range(start, start + 8)) for start in range(0, 48, 8)]
    assert soft_clusters(rows) == clusters


@pytest.mark.parametrize("count", [40, 300])
def test_a_cluster_never_grows_beyond_what_a_summary_can_speak_for(count: int) -> None:
    rows = unit(np.random.default_rng(2).standard_normal((count, 64)) + 3.0)
    assert max(len(members) for members in soft_clusters(rows)) <= 2 * MAX_MEMBERS
