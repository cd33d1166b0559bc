"""Where the terms of a query stand in many chunks at once: counts, pairs, runs and windows, without a loop over chunks.

Works on numbers only; knows nothing of words, scores or of what the figures are used for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Terms that a sentence, and a few sentences, span: how near to each other the words of an answer stand.
NARROW = 10
WIDE = 30
# Farther apart than any window, so that no window reaches from one chunk into the next.
_GAP = 1_000_000


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The terms of some chunks, one chunk after the other: the number of a query term, -1 for any other."""

    codes: Integers  # [terms of all chunks]
    owners: Integers  # [terms of all chunks], ascending: the chunk
    lengths: Integers  # [chunks]
    heading_lengths: Integers  # [chunks]: so many of the first terms are the headings'

    @property
    def places(self) -> Integers:
        """Where in its chunk each term stands, from 0."""
        return np.arange(len(self.codes)) - np.repeat(np.cumsum(self.lengths) - self.lengths, self.lengths)


@dataclass(frozen=True, slots=True)
class TermMatches:
    """Matches of the distinct terms of a query in chunks that consist of headings and a body."""

    heading_counts: Floats  # [chunks, terms]
    body_counts: Floats  # [chunks, terms]
    heading_lengths: Floats  # [chunks], in terms
    body_lengths: Floats  # [chunks], in terms
    pairs: NDArray[np.bool_]  # [chunks, pairs]: whether both terms stand side by side, as in the query
    longest_runs: Floats  # [chunks]: terms in a row, as in the query
    narrow: Floats  # [chunks]: weight of the distinct terms in the best window of NARROW terms
    wide: Floats  # [chunks]: the same of WIDE terms
    first: Floats  # [chunks]: where in the body the first match stands, 0 (its beginning) to 1 (no match)


def match(query: Integers, weights: Floats, found: Occurrences) -> TermMatches:
    """The matches of a query: the numbers of its terms in its order, and the weight of each number."""
    places = found.places
    in_body = places >= found.heading_lengths[found.owners]
    matched = np.flatnonzero(found.codes >= 0)
    codes, owners = found.codes[matched], found.owners[matched]
    body = in_body[matched]
    shape = (len(found.lengths), len(weights))
    body_lengths = (found.lengths - found.heading_lengths).astype(np.float64)
    # Only terms that match matter from here on; `follows` says which stand right after the match before.
    follows = np.zeros(len(matched), dtype=np.bool_)
    follows[1:] = (np.diff(matched) == 1) & (np.diff(owners) == 0)
    narrow, wide = _windows(codes, owners, places[matched], weights, shape[0])
    first = np.ones(shape[0])
    body_places = places[matched][body] - found.heading_lengths[owners[body]]
    np.minimum.at(first, owners[body], body_places / body_lengths[owners[body]])
    return TermMatches(
        _counts(codes[~body], owners[~body], shape),
        _counts(codes[body], owners[body], shape),
        found.heading_lengths.astype(np.float64),
        body_lengths,
        _pairs(codes, owners, follows, query, shape[0]),
        _longest_runs(codes, owners, follows, query, shape[0]),
        narrow,
        wide,
        first,
    )


def _counts(codes: Integers, owners: Integers, shape: tuple[int, int]) -> Floats:
    flat = np.bincount(owners * shape[1] + codes, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.float64)


def _pairs(
    codes: Integers, owners: Integers, follows: NDArray[np.bool_], query: Integers, chunks: int
) -> NDArray[np.bool_]:
    """[chunks, len(query) - 1]: the query's neighbours that are neighbours in the chunk."""
    found = np.zeros((chunks, max(len(query) - 1, 0)), dtype=np.bool_)
    ends = np.flatnonzero(follows)
    for pair in range(found.shape[1]):
        hits = ends[(codes[ends - 1] == query[pair]) & (codes[ends] == query[pair + 1])]
        found[owners[hits], pair] = True
    return found


def _longest_runs(
    codes: Integers, owners: Integers, follows: NDArray[np.bool_], query: Integers, chunks: int
) -> Floats:
    """The longest stretch of the query that stands in the chunk word for word, in terms."""
    longest = np.zeros(chunks)
    # The textbook table of common stretches, a term of the query at a time: lengths of the stretches that end here.
    before = np.zeros(len(codes))
    for term in query:
        stretch = np.zeros(len(codes))
        stretch[1:] = before[:-1] * follows[1:]
        before = np.where(codes == term, stretch + 1, 0.0)
        ends = np.flatnonzero(before)
        np.maximum.at(longest, owners[ends], before[ends])
    return longest


def _windows(
    codes: Integers, owners: Integers, places: Integers, weights: Floats, chunks: int
) -> tuple[Floats, Floats]:
    """The most weight of distinct terms within NARROW and within WIDE terms of a chunk."""
    narrow, wide = np.zeros(chunks), np.zeros(chunks)
    if not len(codes):
        return narrow, wide
    at = owners * _GAP + places
    # The last place of every term up to each match [matches, terms].
    last = np.where(codes[:, None] == np.arange(len(weights)), at[:, None], -_GAP)
    distances = at[:, None] - np.maximum.accumulate(last, axis=0)
    for size, best in ((NARROW, narrow), (WIDE, wide)):
        np.maximum.at(best, owners, (distances < size) @ weights)
    return narrow, wide
