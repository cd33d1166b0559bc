"""Many vectors in inverted lists: as good as promised, under filters of any share, and chosen only if so."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.indexes import dense, inverted_lists

COUNT, WIDTH = 6_000, 32


def clustered(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors around 60 centres, as texts lie around subjects."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(7).standard_normal((60, WIDTH))
    vectors = centres[generator.integers(0, 60, count)] + 0.7 * generator.standard_normal((count, WIDTH))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    return clustered(COUNT, seed=1)


@pytest.fixture(scope="module")
def index(vectors: NDArray[np.float32]) -> dense.DenseIndex:
    return dense.build_by_size(vectors, exact_up_to=1_000)


@pytest.mark.parametrize("share", [1.0, 0.1, 0.01, 0.001])
def test_a_filter_of_any_share_costs_no_recall_and_no_rows(
    index: dense.DenseIndex, vectors: NDArray[np.float32], share: float
) -> None:
    generator = np.random.default_rng(3)
    mask = np.zeros(COUNT, dtype=bool)
    mask[generator.permutation(COUNT)[: int(COUNT * share)]] = True
    shares = []
    for query in clustered(60, seed=2):
        rows, scores = index.search(query, mask, 10)
        wanted = np.flatnonzero(mask)[np.argsort(-(vectors[mask] @ query))[:10]]
        assert len(rows) == min(10, int(mask.sum()))
        assert mask[rows].all()
        assert (np.diff(scores) <= 0).all()
        np.testing.assert_allclose(scores, vectors[rows] @ query, atol=2e-3)
        shares.append(len(set(rows.tolist()) & set(wanted.tolist())) / len(wanted))
    assert np.mean(shares) >= 0.95


def test_wide_filters_look_into_more_cells_and_narrow_ones_into_all(
    index: dense.DenseIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells, usual = index.faiss_index.nlist, index.faiss_index.nprobe
    monkeypatch.setattr(dense, "EXHAUSTIVE_UP_TO", 100)
    assert index._probes(COUNT) == usual
    assert index._probes(100) == cells
    wide = [index._probes(count) for count in (COUNT - 1, COUNT // 2, COUNT // 4)]
    assert usual < wide[0] <= wide[1] <= wide[2] <= cells


def test_as_many_rows_come_as_were_asked_for_though_the_nearest_cells_hold_fewer(
    index: dense.DenseIndex, vectors: NDArray[np.float32]
) -> None:
    every = np.ones(COUNT, dtype=bool)
    rows, _ = index.search(vectors[0], every, COUNT)
    assert sorted(rows.tolist()) == list(range(COUNT))


def test_the_choice_and_its_reason_survive_being_written(index: dense.DenseIndex) -> None:
    assert index.choice["kind"] == "inverted lists"
    read = dense.from_bytes(index.to_bytes(), json.dumps(index.choice).encode())
    assert read.choice == index.choice
    every = np.ones(COUNT, dtype=bool)
    query = clustered(1, seed=5)[0]
    assert read.search(query, every, 20)[0].tolist() == index.search(query, every, 20)[0].tolist()
    np.testing.assert_array_equal(read.vectors(np.array([3, 9])), index.vectors(np.array([3, 9])))


def test_few_vectors_are_compared_one_by_one(vectors: NDArray[np.float32]) -> None:
    assert dense.build_by_size(vectors[:900], exact_up_to=1_000).choice["kind"] == "exact"


def test_lists_that_find_too_little_are_not_used(vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverted_lists, "WANTED_RECALL", 1.01)
    chosen = dense.build_by_size(vectors, exact_up_to=1_000)
    assert chosen.choice["kind"] == "exact"
    assert "inverted lists found" in chosen.choice["why"]


def test_building_twice_gives_the_same(index: dense.DenseIndex, vectors: NDArray[np.float32]) -> None:
    assert dense.build_by_size(vectors, exact_up_to=1_000).to_bytes() == index.to_bytes()


def test_exact_neighbours_are_found_across_blocks(
    vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inverted_lists, "_BLOCK", 999)
    found = inverted_lists.nearest(vectors, vectors[:20], 5)
    np.testing.assert_array_equal(found, np.argsort(-(vectors[:20] @ vectors.T), axis=1)[:, :5])
