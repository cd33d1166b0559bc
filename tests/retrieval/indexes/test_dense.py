"""Dense search: exact, and filtered before ranking."""

import numpy as np
import pytest

from retrieval.indexes import dense

GENERATOR = np.random.default_rng(3)
VECTORS = GENERATOR.standard_normal((1000, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
VECTORS = VECTORS.astype(np.float16).astype(np.float32)  # as the database has them


@pytest.mark.parametrize("share", [1.0, 0.1, 0.01, 0.001])
def test_neighbours_within_a_mask_are_the_exact_ones_and_as_many_as_exist(share: float) -> None:
    index = dense.build(VECTORS)
    mask = np.zeros(1000, dtype=bool)
    mask[GENERATOR.permutation(1000)[: int(1000 * share)]] = True
    query = VECTORS[5]
    rows, scores = index.search(query, mask, 10)
    exact = np.flatnonzero(mask)[np.argsort(-(VECTORS[mask] @ query), kind="stable")[:10]]
    assert rows.tolist() == exact.tolist()
    assert len(rows) == min(10, int(mask.sum()))
    np.testing.assert_allclose(scores, VECTORS[exact] @ query, atol=1e-3)


def test_an_empty_mask_or_index_finds_nothing() -> None:
    assert not len(dense.build(VECTORS).search(VECTORS[0], np.zeros(1000, dtype=bool), 5)[0])
    assert not len(dense.build(np.zeros((0, 0), dtype=np.float32)).search(VECTORS[0], np.zeros(0, dtype=bool), 5)[0])


def test_an_index_survives_being_written_and_read() -> None:
    every = np.ones(1000, dtype=bool)
    built = dense.build(VECTORS)
    read = dense.from_bytes(built.to_bytes(), b"{}")
    assert read.search(VECTORS[9], every, 1)[0].tolist() == [9]
