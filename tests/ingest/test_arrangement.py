"""Clusters that are kept while members come and go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.arrangement import MOST_MEMBERS, PORTION, cluster_all, is_settled, rearrange
from retrieval.store.collection_trees import Arrangement, Drift


def grouped(count: int, groups: int = 4, seed: int = 1) -> dict[int, np.ndarray]:  # type: ignore[type-arg]
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((groups, 32))
    rows = centres[np.arange(count) % groups] + 0.1 * generator.standard_normal((count, 32))
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return {10 * key: unit[key] for key in range(count)}


def applied(clusters: dict[int, list[int]], arrangement: Arrangement) -> dict[int, list[int]]:
    """The clusters afterwards, new ones under new nodes."""
    after = {node: members for node, members in clusters.items() if node not in arrangement.dropped}
    after |= {node: list(members) for node, members in arrangement.kept.items()}
    first = max(clusters, default=0) + 1
    return after | {first + place: list(members) for place, members in enumerate(arrangement.new)}


def start(vectors: dict[int, np.ndarray]) -> tuple[dict[int, list[int]], Drift]:  # type: ignore[type-arg]
    made = rearrange(vectors, {}, Drift())
    return applied({}, made), made.drift


def test_a_new_member_changes_only_the_clusters_it_joins() -> None:
    vectors = grouped(32)
    known = dict(list(vectors.items())[:31])
    clusters, drift = start(known)
    made = rearrange(vectors, clusters, drift)
    assert (made.new, made.dropped) == ([], [])
    assert len(made.kept) == 1
    ((node, members),) = made.kept.items()
    assert members == [*clusters[node], 310]
    assert all((member // 10) % 4 == 31 % 4 for member in members)
    assert made.drift.moved(32) == 1


def test_a_cluster_that_outgrew_its_limit_is_split_and_the_others_stay() -> None:
    vectors = grouped(60, groups=2)
    # All of one group, and few of the other.
    known = {key: vector for key, vector in vectors.items() if key // 10 % 2 == 0}
    clusters, drift = start(known)
    for key in [key for key in vectors if key not in known]:
        known = dict(sorted({**known, key: vectors[key]}.items()))
        made = rearrange(known, clusters, Drift(1_000, 0))
        clusters = applied(clusters, made)
        assert max(map(len, clusters.values())) <= max(MOST_MEMBERS, 24)
        assert {member for members in clusters.values() for member in members} == set(known)
    assert drift.clustered == 30


def test_a_cluster_that_is_left_with_one_member_dissolves() -> None:
    vectors = grouped(32)
    clusters, drift = start(vectors)
    node, members = next(iter(clusters.items()))
    gone = set(members[1:])
    left = {key: vector for key, vector in vectors.items() if key not in gone}
    assert not is_settled(left.keys(), {**clusters, node: members[:1]}, drift)
    after = applied(clusters, made := rearrange(left, clusters, drift))
    assert node in made.dropped
    assert {member for found in after.values() for member in found} == set(left)
    assert min(map(len, after.values())) > 1


def test_a_level_that_drifted_is_clustered_as_a_whole_and_what_comes_out_the_same_stays() -> None:
    vectors = grouped(40)
    clusters, _ = start(vectors)
    again = rearrange(vectors, clusters, Drift(10, 30))
    assert (again.kept, again.new, again.dropped) == ({}, [], [])
    assert again.drift == Drift(40, 0)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(data=st.data())
def test_whatever_comes_and_goes_every_member_is_in_a_cluster_and_levels_shrink(data: st.DataObject) -> None:
    everything = grouped(40, groups=5)
    here = set(data.draw(st.sets(st.sampled_from(sorted(everything)), min_size=2)))
    clusters: dict[int, list[int]] = {}
    drift = Drift()
    for _ in range(4):
        vectors = {key: everything[key] for key in sorted(here)}
        made = rearrange(vectors, clusters, drift)
        repeated = rearrange(vectors, clusters, drift)
        assert made == repeated
        clusters, drift = applied(clusters, made), made.drift
        assert {member for members in clusters.values() for member in members} == here
        assert len(clusters) <= max(len(here) // 2, 1)
        assert min(map(len, clusters.values())) > 1
        assert is_settled(here, clusters, drift)
        here = here ^ set(data.draw(st.sets(st.sampled_from(sorted(everything)), max_size=9)))
        if len(here) < 2:
            break


def test_members_that_nothing_tells_apart_are_clustered_too() -> None:
    vectors = {key: np.full(8, 8**-0.5, dtype=np.float32) for key in range(50)}
    clusters, drift = start(vectors)
    assert {member for members in clusters.values() for member in members} == set(vectors)
    assert len(clusters) <= 25
    vectors[99] = vectors[0]
    assert rearrange(vectors, clusters, drift).kept


@pytest.mark.slow
def test_more_members_than_a_portion_are_clustered_in_parts_that_lie_together() -> None:
    vectors = grouped(PORTION + 200, groups=40)
    clusters = cluster_all(vectors)
    assert {member for members in clusters for member in members} == set(vectors)
    alike = [len({member // 10 % 40 for member in members}) for members in clusters]
    assert np.mean(alike) < 2
