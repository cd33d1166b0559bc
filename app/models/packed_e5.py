"""Reads the packed form of multilingual-e5-small: one file with the shape, the vocabulary and 4-bit weights.

Layout, little-endian and without padding:
    header            magic `E5S1`, version, seven sizes, the epsilon of the layer norms, weights a block
    vocabulary        count, ids of `<s> </s> <pad> <unk>`, offsets, scores and UTF-8 bytes in token-id order
    character map     code point -> the code points that replace it (the tokenizer's normalisation)
    directory         name, type, count, offset and bytes of each tensor, then the tensors themselves
A tensor is float32, or blocks of 32 weights: a float16 scale and 16 bytes, where byte j holds weight j in its
low and weight j + 16 in its high half, each stored as weight / scale + 8.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import ModelUnavailable

MAGIC = b"E5S1"
VERSION = 1
WEIGHTS_A_BLOCK = 32
BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", (WEIGHTS_A_BLOCK // 2,))])
FLOAT32, BLOCKS_OF_4_BITS = 0, 1


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """The sizes of the encoder that the weights belong to."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    embeddings: int  # rows of the word embedding: a few more than there are pieces
    positions: int
    segments: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Unigram pieces with their scores in token-id order, and what normalisation does to single characters."""

    pieces: Sequence[tuple[str, float]]
    start: int
    end: int
    padding: int
    unknown: int
    character_map: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PackedEncoder:
    """Everything the file holds; tensors are flat float32 arrays by their names in the file."""

    shape: EncoderShape
    vocabulary: Vocabulary
    tensors: Mapping[str, NDArray[np.float32]]


def read_packed_encoder(content: bytes) -> PackedEncoder:
    """The encoder in `content`. Raises ModelUnavailable for another format or a file that ends too early."""
    cursor = _Cursor(content)
    shape = _read_shape(cursor)
    vocabulary = _read_vocabulary(cursor)
    return PackedEncoder(shape, vocabulary, _read_tensors(cursor))


class _Cursor:
    """Walks through the file and refuses to read past its end."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        taken = self.slice(self.position, count)
        self.position += count
        return taken

    def slice(self, start: int, count: int) -> bytes:
        """`count` bytes from `start`, wherever the cursor stands."""
        if start < 0 or count < 0 or start + count > len(self.content):
            raise ModelUnavailable("The packed embedding model ends too early. Pull the model again.")
        return self.content[start : start + count]

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """The next values in the `struct` notation `layout`."""
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}")))

    def array(self, kind: str, count: int) -> NDArray[Any]:
        """The next `count` numbers of the numpy type `kind`."""
        return np.frombuffer(self.take(count * np.dtype(kind).itemsize), kind)


def _read_shape(cursor: _Cursor) -> EncoderShape:
    magic, version = cursor.unpack("4sI")
    *sizes, block = cursor.unpack("7ifi")  # the epsilon is the last of the sizes
    if (magic, version, block) != (MAGIC, VERSION, WEIGHTS_A_BLOCK):
        raise ModelUnavailable("The packed embedding model has an unknown format. Pull the model again.")
    return EncoderShape(*sizes)


def _read_vocabulary(cursor: _Cursor) -> Vocabulary:
    count, start, end, padding, unknown, size = cursor.unpack("5iQ")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    letters = cursor.take(size)
    pieces = [
        (letters[first:last].decode(), float(score))
        for first, last, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    return Vocabulary(pieces, start, end, padding, unknown, _read_character_map(cursor))


def _read_character_map(cursor: _Cursor) -> dict[str, str]:
    count, _size = cursor.unpack("iI")
    character_map = {}
    for _ in range(count):
        code_point, length = cursor.unpack("IB")
        character_map[chr(code_point)] = "".join(map(chr, cursor.unpack(f"{length}I")))
    return character_map


def _read_tensors(cursor: _Cursor) -> dict[str, NDArray[np.float32]]:
    readers = {FLOAT32: _floats, BLOCKS_OF_4_BITS: _unpacked_blocks}
    tensors = {}
    (entries,) = cursor.unpack("i")
    for _ in range(entries):
        (length,) = cursor.unpack("H")
        name = cursor.take(length).decode()
        kind, count, offset, size = cursor.unpack("BIQQ")
        tensor = readers[kind](cursor.slice(offset, size))
        if tensor.size != count:
            raise ModelUnavailable("The packed embedding model contradicts its directory. Pull the model again.")
        tensors[name] = tensor
    return tensors


def _floats(content: bytes) -> NDArray[np.float32]:
    return np.frombuffer(content, "<f4").astype(np.float32)


def _unpacked_blocks(content: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(content, BLOCK)
    halves = blocks["halves"]  # blocks x 16
    steps = np.concatenate([halves & 0x0F, halves >> 4], axis=1).astype(np.float32) - 8  # blocks x 32
    return np.asarray(steps * blocks["scale"].astype(np.float32)[:, None], np.float32).reshape(-1)
