"""Token vectors of chunks, and how well each chunk's answer a query's: MaxSim.

Every token of the query takes its best match among the tokens of the chunk (Khattab and Zaharia, "ColBERT", SIGIR
2020). Compared with the few candidates that fusion puts first, never with all.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.store.token_vectors import TokenRows
from retrieval.token_codec import Probe, TokenCodec


@dataclass(frozen=True, slots=True)
class LateInteractionIndex:
    """The tokens of row i are `codes[starts[i]:starts[i + 1]]`; rows that have none are empty."""

    model_id: str  # empty: no row has tokens
    starts: NDArray[np.int64]  # [chunks + 1]
    codes: NDArray[np.uint8]  # [tokens, bytes]

    def scores(self, codec: TokenCodec, probe: Probe, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The mean over the query's tokens of their best inner product in each row [rows]; nan for a row without."""
        found = np.full(len(rows), np.nan)
        lengths = self.starts[rows + 1] - self.starts[rows]
        held = np.flatnonzero(lengths)
        if not len(held):
            return found
        lengths = lengths[held]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1]) + np.repeat(self.starts[rows[held]] - (ends - lengths), lengths)
        similarities = codec.similarities(self.codes[places], probe)
        found[held] = np.maximum.reduceat(similarities, ends - lengths, axis=0).mean(axis=1)
        return found

    def to_bytes(self) -> bytes:
        """The index as one file."""
        file = io.BytesIO()
        np.savez(file, model_id=np.array(self.model_id), starts=self.starts, codes=self.codes)
        return file.getvalue()


def build(tokens: TokenRows, chunk_keys: NDArray[np.int64]) -> LateInteractionIndex:
    """The index over rows of chunks, whose keys ascend and hold those of the tokens."""
    counts = np.zeros(len(chunk_keys), dtype=np.int64)
    counts[np.searchsorted(chunk_keys, np.array(tokens.chunk_keys, dtype=np.int64))] = tokens.counts
    starts = np.concatenate([[0], np.cumsum(counts)])
    codes = np.frombuffer(b"".join(tokens.codes), dtype=np.uint8)
    width = len(codes) // max(int(starts[-1]), 1)
    return LateInteractionIndex(tokens.model_id, starts, codes.reshape(int(starts[-1]), width))


def from_bytes(data: bytes) -> LateInteractionIndex:
    """The index that `to_bytes` wrote; the bytes must have been verified."""
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        return LateInteractionIndex(str(held["model_id"]), held["starts"], held["codes"])
