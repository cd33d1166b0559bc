"""The packed layout is read as it was written, and nothing is read past the end."""

import numpy as np
import pytest

from app.models.packed_e5 import read_packed_encoder
from retrieval.errors import ModelUnavailable
from tests.app.models_packed import LAYERS, PIECES, SHAPE, pack_blocks, packed_tiny_encoder

CONTENT = packed_tiny_encoder()


def test_shape_and_vocabulary_are_read() -> None:
    encoder = read_packed_encoder(CONTENT)
    shape, vocabulary = encoder.shape, encoder.vocabulary
    assert (shape.width, shape.layers, shape.heads, shape.feed_forward) == (32, LAYERS, 2, 64)
    assert (shape.embeddings, shape.positions, shape.segments) == (SHAPE[4], 16, 2)
    assert shape.epsilon == pytest.approx(1e-12)
    assert [piece for piece, _score in vocabulary.pieces] == [piece for piece, _score in PIECES]
    assert [score for _piece, score in vocabulary.pieces] == pytest.approx([score for _piece, score in PIECES])
    assert (vocabulary.start, vocabulary.padding, vocabulary.end, vocabulary.unknown) == (0, 1, 2, 3)
    assert vocabulary.character_map == {"\x07": "", "\n": " ", "\u200b": " ", "½": "1⁄2"}


def test_four_bit_blocks_give_back_steps_times_scale() -> None:
    steps = np.random.default_rng(1).integers(-8, 8, 96)
    scale = np.float16(0.0123)
    content = packed_tiny_encoder(extra={"extra": (1, len(steps), pack_blocks(steps, scale))})
    unpacked = read_packed_encoder(content).tensors["extra"]
    assert unpacked.dtype == np.float32
    np.testing.assert_array_equal(unpacked, steps.astype(np.float32) * np.float32(scale))


@pytest.mark.parametrize("length", range(0, len(CONTENT), 97))
def test_a_file_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(ModelUnavailable, match="Pull the model again"):
        read_packed_encoder(CONTENT[:length])


@pytest.mark.parametrize("position", [0, 4, 40], ids=["magic", "version", "weights a block"])
def test_another_format_is_refused(position: int) -> None:
    changed = bytearray(CONTENT)
    changed[position] += 1
    with pytest.raises(ModelUnavailable, match="unknown format"):
        read_packed_encoder(bytes(changed))


def test_a_tensor_that_contradicts_the_directory_is_refused() -> None:
    content = packed_tiny_encoder(extra={"extra": (0, 3, b"\0" * 8)})
    with pytest.raises(ModelUnavailable, match="contradicts"):
        read_packed_encoder(content)
