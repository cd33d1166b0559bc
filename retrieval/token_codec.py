"""Token vectors in at most 64 bytes each, by a code that is the same for all texts.

A vector is turned by a fixed random rotation, after which its coordinates are spread like a normal distribution
whatever the model (Johnson and Lindenstrauss, 1984), so each is rounded to the levels that are best for that one: 4, 2
or 1 bits, as many as fit. Of a model whose vectors all point one way, the way is taken off first and what is left gets
a length of its own, chosen so that inner products are right on average (RaBitQ: Gao and Long, SIGMOD 2024). Nothing is
learnt from a collection (ColBERTv2's centroids would be), so segments that were made at different times compare.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]

MAX_BYTES = 64
_LENGTH_BYTES = 2  # float16
# Levels that lose least of a standard normal value, the positive half (Max, 1960; Lloyd, 1982).
_LEVELS = {
    4: (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0691, 2.7326),
    2: (0.4528, 1.5104),
    1: (0.7979,),
}
# Tokens whose codes are unpacked at a time: what does not fit into the processor's cache takes twice as long.
_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Probe:
    """The token vectors of a query, ready to be compared with codes."""

    rotated: Floats  # [kept coordinates, query tokens]
    constant: Floats  # [query tokens]: what the direction that was taken off adds


class TokenCodec:
    """Packs token vectors of one model and compares them with a query's; immutable."""

    def __init__(self, dimension: int, centre: Floats | None = None) -> None:
        """`centre` [dimension] is where all vectors of the model point; None: they point everywhere."""
        self._centre = np.zeros(dimension, dtype=np.float32) if centre is None else centre
        self._has_length = centre is not None
        room = 8 * (MAX_BYTES - _LENGTH_BYTES * self._has_length)
        kept = min(dimension, room) // 8 * 8
        self._bits = next(bits for bits in _LEVELS if kept * bits <= room)
        self._rotation = _rotation(dimension)[:, :kept]
        half = np.array(_LEVELS[self._bits], dtype=np.float32)
        self._levels = np.concatenate([-half[::-1], half])
        self._thresholds = (self._levels[1:] + self._levels[:-1]) / 2
        self._unpacked = self._levels[_fields(self._bits)]  # [256, values a byte]
        self._scale = np.float32(np.sqrt(dimension))
        self._code_bytes = kept * self._bits // 8
        self.width = self._code_bytes + _LENGTH_BYTES * self._has_length  # bytes a token

    def encode(self, vectors: Floats) -> Codes:
        """Codes [tokens, width] of vectors [tokens, dimension]."""
        rest = vectors - self._centre
        lengths = np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-6)
        turned = (rest / lengths) @ self._rotation * self._scale
        values = np.searchsorted(self._thresholds, turned).astype(np.uint8)
        codes = _pack(values, self._bits)
        if not self._has_length:
            return codes
        agreement = (turned * self._levels[values]).sum(axis=1, keepdims=True) / self._scale**2
        stretched = (lengths / np.maximum(agreement, 1e-3)).astype(np.float16)
        return np.concatenate([codes, stretched.view(np.uint8)], axis=1)

    def probe(self, vectors: Floats) -> Probe:
        """A query's token vectors [query tokens, dimension]."""
        return Probe((vectors @ self._rotation / self._scale).T.copy(), vectors @ self._centre)

    def similarities(self, codes: Codes, probe: Probe) -> Floats:
        """Inner products [tokens, query tokens] of coded tokens [tokens, width] with the query's."""
        found = np.empty((len(codes), probe.rotated.shape[1]), dtype=np.float32)
        for start in range(0, len(codes), _BLOCK):
            block = codes[start : start + _BLOCK]
            values = self._unpacked[block[:, : self._code_bytes]].reshape(len(block), -1)
            np.matmul(values, probe.rotated, out=found[start : start + _BLOCK])
        if self._has_length:
            found *= np.ascontiguousarray(codes[:, self._code_bytes :]).view(np.float16).astype(np.float32)
        found += probe.constant
        return found


def _rotation(dimension: int) -> Floats:
    """The same for ever: numpy promises not to change this generator, and the signs of the factorisation are fixed."""
    directions, triangle = np.linalg.qr(np.random.RandomState(0).standard_normal((dimension, dimension)))
    return (directions * np.sign(np.diag(triangle))).astype(np.float32)


def _fields(bits: int) -> NDArray[np.int64]:
    """The values [256, 8 / bits] that each byte holds, the highest bits first."""
    shifts = np.arange(8 - bits, -1, -bits)
    return (np.arange(256)[:, None] >> shifts) & ((1 << bits) - 1)


def _pack(values: Codes, bits: int) -> Codes:
    """Bytes of values [tokens, coordinates], the highest bits first."""
    grouped = values.reshape(len(values), values.shape[1] * bits // 8, 8 // bits)
    shifts = np.arange(8 - bits, -1, -bits).astype(np.uint8)
    packed: Codes = np.bitwise_or.reduce(grouped << shifts, axis=2)
    return packed
