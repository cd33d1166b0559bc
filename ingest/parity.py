"""Does a new embedding model serve a collection as well as the old one? Asked before it may answer.

Counts must agree exactly. Then sentences of sampled chunks are looked for by both models: a chunk counts as found if
it is among the first ten for a sentence of its own. The new model may find a few less, not many: a model that does not
know the documents' language fails here.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.recall import Query, retrieve_dense
from retrieval.sentences import sentence_spans
from retrieval.snapshot import Snapshot
from retrieval.store import chunks
from retrieval.store.database import Database
from retrieval.types import Embedder

SAMPLED_CHUNKS = 100
DEPTH = 10
# What the share of found chunks may fall by; at 100 samples chance alone moves it by about 0.02.
MARGIN = 0.05
_MIN_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class Parity:
    """How a collection is found by both models; `sampled` chunks were looked for."""

    chunks: tuple[int, int]  # of the old model's snapshot and of the new one's, here and below
    vectors: tuple[int, int]  # of chunks, representations and tree nodes
    found: tuple[int, int]
    sampled: int

    @property
    def counts_agree(self) -> bool:
        """Whether the new model has exactly what the old one has."""
        return self.chunks[0] == self.chunks[1] and self.vectors[0] == self.vectors[1]

    @property
    def holds(self) -> bool:
        """Whether the new model may take over; of few samples it may miss one more."""
        allowed = max(1.0, MARGIN * self.sampled)
        return self.counts_agree and self.found[0] - self.found[1] <= allowed

    def __str__(self) -> str:
        old, new = self.found
        return (
            f"{self.chunks[1]} of {self.chunks[0]} chunks, {self.vectors[1]} of {self.vectors[0]} vectors, "
            f"{new} of {self.sampled} sampled chunks found by a sentence of their own (before: {old})"
        )


def total(compared: Sequence[Parity]) -> Parity:
    """Several collections as one."""
    return Parity(
        (sum(item.chunks[0] for item in compared), sum(item.chunks[1] for item in compared)),
        (sum(item.vectors[0] for item in compared), sum(item.vectors[1] for item in compared)),
        (sum(item.found[0] for item in compared), sum(item.found[1] for item in compared)),
        sum(item.sampled for item in compared),
    )


def compare(database: Database, old: tuple[Snapshot, Embedder], new: tuple[Snapshot, Embedder], seed: str) -> Parity:
    """Compares two snapshots of a collection, each with the embedder of its model."""
    samples = _samples(database, old[0], seed)
    found = [
        sum(_finds(snapshot, embedder, key, sentence) for key, sentence in samples) for snapshot, embedder in (old, new)
    ]
    return Parity(
        (old[0].chunk_count, new[0].chunk_count),
        (_vectors(old[0]), _vectors(new[0])),
        (found[0], found[1]),
        len(samples),
    )


def _samples(database: Database, snapshot: Snapshot, seed: str) -> Sequence[tuple[int, str]]:
    """Keys of chunks, each with a sentence of its own."""
    generator = np.random.default_rng(zlib.crc32(seed.encode()))
    keys = [
        key
        for segment, mask in zip(snapshot.segments, snapshot.alive, strict=True)
        for key in segment.chunk_keys[mask].tolist()
    ]
    chosen = generator.choice(keys, min(SAMPLED_CHUNKS, len(keys)), replace=False).tolist() if keys else []
    with database.read() as connection:
        found = chunks.visible(connection, chosen)
    sampled = []
    for key, chunk in found.items():
        spans = [(start, end) for start, end in sentence_spans(chunk.text) if end - start >= _MIN_CHARACTERS]
        start, end = spans[generator.integers(len(spans))] if spans else (0, len(chunk.text))
        sampled.append((key, chunk.text[start:end]))
    return sampled


def _finds(snapshot: Snapshot, embedder: Embedder, key: int, sentence: str) -> bool:
    query = Query(sentence, (), embedder.embed_query(sentence), frozenset({"text"}))
    return key in retrieve_dense(query, snapshot, snapshot.alive, DEPTH).keys


def _vectors(snapshot: Snapshot) -> int:
    """Vectors of living chunks, and tree nodes above them."""
    return sum(
        int(np.count_nonzero(mask[segment.vector_rows]))
        + sum(bool(mask[rows].any()) for rows in segment.tree.chunks_below)
        for segment, mask in zip(snapshot.segments, snapshot.alive, strict=True)
    )
