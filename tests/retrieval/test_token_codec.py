"""Codes of at most 64 bytes a token keep inner products near enough to order passages."""

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.token_codec import MAX_BYTES, TokenCodec


def tokens(dimension: int, count: int = 1500, bias: float = 0.0) -> NDArray[np.float32]:
    """Unit vectors; with a bias they point one way, as those of encoders that were trained for sentences do."""
    drawn = np.random.default_rng(0).standard_normal((count, dimension)) + bias
    unit: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.mark.parametrize("dimension", [16, 48, 64, 96, 128, 256, 384, 768, 1024])
@pytest.mark.parametrize("centred", [False, True])
def test_no_token_takes_more_than_64_bytes(dimension: int, centred: bool) -> None:
    vectors = tokens(dimension, 20)
    codec = TokenCodec(dimension, vectors.mean(axis=0) if centred else None)
    assert codec.encode(vectors).shape == (20, codec.width)
    assert codec.width <= MAX_BYTES


def test_four_bits_are_nearly_exact() -> None:
    vectors = tokens(128)
    codec = TokenCodec(128)
    found = codec.similarities(codec.encode(vectors), codec.probe(vectors[:8]))
    assert np.abs(found - vectors @ vectors[:8].T).max() < 0.05


def test_one_bit_is_right_on_average_and_knows_each_token_again() -> None:
    vectors = tokens(384, bias=1.5)
    codec = TokenCodec(384, vectors.mean(axis=0))
    assert codec.width == 50
    found, exact = codec.similarities(codec.encode(vectors), codec.probe(vectors[:50])), vectors @ vectors[:50].T
    assert abs(float((found - exact).mean())) < 0.002
    assert found.argmax(axis=0).tolist() == list(range(50))
    np.testing.assert_allclose(np.diag(found), np.diag(exact), atol=0.08)


def test_codes_made_at_different_times_compare() -> None:
    vectors = tokens(384, 40, bias=1.0)
    centre = vectors.mean(axis=0)
    first, second = TokenCodec(384, centre), TokenCodec(384, centre)
    np.testing.assert_array_equal(first.encode(vectors), second.encode(vectors))
    np.testing.assert_array_equal(first.encode(vectors)[7:9], first.encode(vectors[7:9]))


def test_more_tokens_than_are_unpacked_at_a_time_compare_alike() -> None:
    vectors = tokens(32, 5000)
    codec = TokenCodec(32)
    codes, probe = codec.encode(vectors), codec.probe(vectors[:3])
    apart = [codec.similarities(codes[start : start + 700], probe) for start in range(0, 5000, 700)]
    np.testing.assert_allclose(codec.similarities(codes, probe), np.concatenate(apart), atol=1e-6)


def test_a_text_without_tokens_has_no_codes() -> None:
    for codec in (TokenCodec(128), TokenCodec(384, np.zeros(384, dtype=np.float32))):
        none = codec.encode(np.zeros((0, codec._rotation.shape[0]), dtype=np.float32))
        assert none.shape == (0, codec.width)
        assert codec.similarities(none, codec.probe(tokens(codec._rotation.shape[0], 2))).shape == (0, 2)
