"""BM25 over postings held in flat arrays, with exact statistics across several indexes.

Score of a term in a row (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009):
`idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average))`, with `idf = ln(1 + (N - df + 0.5) / (df + 0.5))`.
`N`, `df` and the average are counted over the rows that are alive now, so a deleted row leaves no trace in the scores.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75
FIRST_IDEOGRAPH = "\u2e80"  # what comes before is written with spaces


@dataclass(frozen=True, slots=True)
class SparseIndex:
    """Postings of some rows: the rows of term t are `rows[offsets[t]:offsets[t + 1]]`, with their frequencies.

    Beside them the rows themselves: row r is the terms `sequences[starts[r]:starts[r + 1]]`, its headings' first.
    """

    vocabulary: dict[str, int]
    words: tuple[str, ...]  # the same, by number
    offsets: NDArray[np.int64]  # [terms + 1]
    rows: NDArray[np.int32]  # [postings]
    frequencies: NDArray[np.float32]  # [postings]
    lengths: NDArray[np.float32]  # [rows], in terms
    sequences: NDArray[np.int32]  # [terms of all rows]
    starts: NDArray[np.int64]  # [rows + 1]
    heading_lengths: NDArray[np.int32]  # [rows], in terms
    ideographic: NDArray[np.float32]  # [rows]: the share of terms that are written without spaces

    def postings(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rows that contain the term, and how often each does."""
        number = self.vocabulary.get(term)
        span = slice(0, 0) if number is None else slice(self.offsets[number], self.offsets[number + 1])
        return self.rows[span], self.frequencies[span]

    def terms_of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The terms of the rows, one row after the other, and how many each has."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        before = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(self.starts[rows] - before, lengths)
        return self.sequences[places], lengths

    def to_bytes(self) -> bytes:
        """The index as an `.npz` file without pickled objects."""
        buffer = io.BytesIO()
        words = np.frombuffer("\n".join(self.words).encode(), dtype=np.uint8)
        np.savez(
            buffer,
            words=words,
            offsets=self.offsets,
            rows=self.rows,
            frequencies=self.frequencies,
            lengths=self.lengths,
            sequences=self.sequences,
            heading_lengths=self.heading_lengths,
        )
        return buffer.getvalue()


def build(terms: Sequence[str], heading_lengths: Sequence[int] | None = None) -> SparseIndex:
    """An index whose row i is `terms[i]`, analysed terms separated by spaces, the first of them its headings'."""
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__  # a new term gets the next number
    numbers: list[int] = []
    lengths = np.zeros(len(terms), dtype=np.float32)
    for row, row_terms in enumerate(terms):
        found = row_terms.split()
        lengths[row] = len(found)
        numbers.extend(map(vocabulary.__getitem__, found))
    # One integer a posting, term first, so that sorting groups by term and, within it, by row.
    owners = np.repeat(np.arange(len(terms), dtype=np.int64), lengths.astype(np.int64))
    sequences = np.array(numbers, dtype=np.int32)
    postings, counts = np.unique(sequences.astype(np.int64) * max(len(terms), 1) + owners, return_counts=True)
    term_numbers, rows = np.divmod(postings, max(len(terms), 1))
    offsets = np.searchsorted(term_numbers, np.arange(len(vocabulary) + 1))
    headings = np.zeros(len(terms)) if heading_lengths is None else np.array(heading_lengths)
    return SparseIndex(
        dict(vocabulary),
        tuple(vocabulary),
        offsets.astype(np.int64),
        rows.astype(np.int32),
        counts.astype(np.float32),
        lengths,
        sequences,
        _starts(lengths),
        headings.astype(np.int32),
        _ideographic(vocabulary, sequences, lengths),
    )


def from_bytes(data: bytes) -> SparseIndex:
    """The index that `to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        joined = arrays["words"].tobytes().decode()
        vocabulary = {word: number for number, word in enumerate(joined.split("\n"))} if joined else {}
        return SparseIndex(
            vocabulary,
            tuple(vocabulary),
            arrays["offsets"],
            arrays["rows"],
            arrays["frequencies"],
            arrays["lengths"],
            arrays["sequences"],
            _starts(arrays["lengths"]),
            arrays["heading_lengths"],
            _ideographic(vocabulary, arrays["sequences"], arrays["lengths"]),
        )


def _ideographic(
    words: Iterable[str], sequences: NDArray[np.int32], lengths: NDArray[np.float32]
) -> NDArray[np.float32]:
    of_word = np.array([word[0] >= FIRST_IDEOGRAPH for word in words], dtype=np.bool_)
    owners = np.repeat(np.arange(len(lengths)), lengths.astype(np.int64))
    counts = np.bincount(owners, of_word[sequences], len(lengths))
    return (counts / np.maximum(lengths, 1)).astype(np.float32)


def _starts(lengths: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def bm25(
    indexes: Sequence[SparseIndex],
    alive: Sequence[NDArray[np.bool_]],
    query: Sequence[str],
    masks: Sequence[NDArray[np.bool_]] | None = None,
) -> list[NDArray[np.float32]]:
    """Scores of all rows of all indexes, one array an index; rows that are not alive count for nothing.

    Where masks are given, only the rows they let through are scored.
    """
    scores = [np.zeros(len(index.lengths), dtype=np.float32) for index in indexes]
    if not any(mask.any() for mask in alive):
        return scores
    weights = {term: np.float32(idf * (K1 + 1)) for term, idf in rarity(indexes, alive, query).items()}
    average = average_length(indexes, alive)
    for position, (index, score) in enumerate(zip(indexes, scores, strict=True)):
        mask = None if masks is None or masks[position].all() else masks[position]
        for term, weight in weights.items():
            rows, frequencies = index.postings(term)
            if mask is not None:
                allowed = mask.take(rows)
                rows, frequencies = rows[allowed], frequencies[allowed]
            impacts = index.lengths.take(rows)
            impacts *= np.float32(K1 * B / average)
            impacts += np.float32(K1 * (1 - B))
            impacts += frequencies
            np.divide(frequencies, impacts, out=impacts)
            impacts *= weight
            np.add.at(score, rows, impacts)  # twice as fast as indexed addition, with or without repeated rows
    return scores


def average_length(indexes: Sequence[SparseIndex], alive: Sequence[NDArray[np.bool_]]) -> float:
    """Terms of a living row on average, at least 1."""
    length = sum(
        int(index.starts[-1]) if mask.all() else float(index.lengths[mask].sum())
        for index, mask in zip(indexes, alive, strict=True)
    )
    return max(length / max(_living(alive), 1), 1.0)


def rarity(
    indexes: Sequence[SparseIndex], alive: Sequence[NDArray[np.bool_]], query: Sequence[str]
) -> dict[str, float]:
    """The idf of each term of the query; the highest for a term that no row has."""
    count = _living(alive)
    frequencies = dict.fromkeys(query, 0)
    for index, mask in zip(indexes, alive, strict=True):
        every = bool(mask.all())  # then nothing has to be counted: a generation has no dead rows when it is new
        for term in frequencies:
            rows, _ = index.postings(term)
            frequencies[term] += len(rows) if every else int(np.count_nonzero(mask.take(rows)))
    return {
        term: float(np.log(1 + (count - frequency + 0.5) / (frequency + 0.5)))
        for term, frequency in frequencies.items()
    }


def _living(alive: Sequence[NDArray[np.bool_]]) -> int:
    return sum(int(np.count_nonzero(mask)) for mask in alive)
