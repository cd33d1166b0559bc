"""BM25 over postings held in flat arrays, with exact statistics across several indexes.

Score of a term in a row (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009):
`idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average))`, with `idf = ln(1 + (N - df + 0.5) / (df + 0.5))`.
`N`, `df` and the average are counted over the rows that are alive now, so a deleted row leaves no trace in the scores.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75


@dataclass(frozen=True, slots=True)
class SparseIndex:
    """Postings of some rows: the rows of term t are `rows[offsets[t]:offsets[t + 1]]`, with their frequencies."""

    vocabulary: dict[str, int]
    offsets: NDArray[np.int64]  # [terms + 1]
    rows: NDArray[np.int32]  # [postings]
    frequencies: NDArray[np.float32]  # [postings]
    lengths: NDArray[np.float32]  # [rows], in terms

    def postings(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rows that contain the term, and how often each does."""
        number = self.vocabulary.get(term)
        span = slice(0, 0) if number is None else slice(self.offsets[number], self.offsets[number + 1])
        return self.rows[span], self.frequencies[span]

    def to_bytes(self) -> bytes:
        """The index as an `.npz` file without pickled objects."""
        buffer = io.BytesIO()
        words = np.frombuffer("\n".join(self.vocabulary).encode(), dtype=np.uint8)
        np.savez(
            buffer,
            words=words,
            offsets=self.offsets,
            rows=self.rows,
            frequencies=self.frequencies,
            lengths=self.lengths,
        )
        return buffer.getvalue()


def build(terms: Sequence[str]) -> SparseIndex:
    """An index whose row i is `terms[i]`, analysed terms separated by spaces."""
    vocabulary: dict[str, int] = {}
    numbers: list[int] = []
    lengths = np.zeros(len(terms), dtype=np.float32)
    for row, row_terms in enumerate(terms):
        found = row_terms.split()
        lengths[row] = len(found)
        numbers.extend(vocabulary.setdefault(term, len(vocabulary)) for term in found)
    # One integer a posting, term first, so that sorting groups by term and, within it, by row.
    owners = np.repeat(np.arange(len(terms), dtype=np.int64), lengths.astype(np.int64))
    postings, counts = np.unique(np.array(numbers, dtype=np.int64) * max(len(terms), 1) + owners, return_counts=True)
    term_numbers, rows = np.divmod(postings, max(len(terms), 1))
    offsets = np.searchsorted(term_numbers, np.arange(len(vocabulary) + 1))
    return SparseIndex(vocabulary, offsets.astype(np.int64), rows.astype(np.int32), counts.astype(np.float32), lengths)


def from_bytes(data: bytes) -> SparseIndex:
    """The index that `to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        words = arrays["words"].tobytes().decode()
        return SparseIndex(
            {word: number for number, word in enumerate(words.split("\n"))} if words else {},
            arrays["offsets"],
            arrays["rows"],
            arrays["frequencies"],
            arrays["lengths"],
        )


def bm25(
    indexes: Sequence[SparseIndex], alive: Sequence[NDArray[np.bool_]], query: Sequence[str]
) -> list[NDArray[np.float32]]:
    """Scores of all rows of all indexes, one array an index; rows that are not alive count for nothing."""
    scores = [np.zeros(len(index.lengths), dtype=np.float32) for index in indexes]
    count = sum(int(mask.sum()) for mask in alive)
    if not count:
        return scores
    length = sum(float(index.lengths[mask].sum()) for index, mask in zip(indexes, alive, strict=True))
    average = max(length / count, 1.0)
    norms = [K1 * (1 - B + B * index.lengths / average) for index in indexes]
    for term in dict.fromkeys(query):
        postings = [index.postings(term) for index in indexes]
        frequency = sum(int(mask[rows].sum()) for (rows, _), mask in zip(postings, alive, strict=True))
        idf = np.log(1 + (count - frequency + 0.5) / (frequency + 0.5)) if frequency else 0.0
        for (rows, frequencies), norm, score in zip(postings, norms, scores, strict=True):
            # A term occurs once in the postings of a row, so plain indexed addition is safe.
            score[rows] += (idf * (K1 + 1) * frequencies / (frequencies + norm[rows])).astype(np.float32)
    return scores


def rarity(
    indexes: Sequence[SparseIndex], alive: Sequence[NDArray[np.bool_]], query: Sequence[str]
) -> dict[str, float]:
    """The idf of each term of the query; the highest for a term that no row has."""
    count = sum(int(mask.sum()) for mask in alive)
    found: dict[str, float] = {}
    for term in dict.fromkeys(query):
        frequency = sum(int(mask[index.postings(term)[0]].sum()) for index, mask in zip(indexes, alive, strict=True))
        found[term] = float(np.log(1 + (count - frequency + 0.5) / (frequency + 0.5)))
    return found
