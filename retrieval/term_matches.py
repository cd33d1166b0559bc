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
# More than a chunk has terms, so that no window reaches from one chunk into the next; 32 bits hold 20,000 chunks of it.
_GAP = 100_000


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
    # A chunk's places ascend, so the first of them is its lowest; written backwards, it is the one that stays.
    of_body = owners[body][::-1]
    first[of_body] = (places[matched][body][::-1] - found.heading_lengths[of_body]) / body_lengths[of_body]
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
    # The textbook table of common stretches, a term of the query at a time: lengths of the stretches that end here.
    before, longest = np.zeros(len(codes)), np.zeros(len(codes))
    for term in query:
        stretch = np.ones(len(codes))
        stretch[1:] += before[:-1] * follows[1:]
        before = stretch * (codes == term)
        np.maximum(longest, before, out=longest)
    return _most(longest, owners, chunks)


def _windows(
    codes: Integers, owners: Integers, places: Integers, weights: Floats, chunks: int
) -> tuple[Floats, Floats]:
    """The most weight of distinct terms within NARROW and within WIDE terms of a chunk."""
    at = (owners * _GAP + places).astype(np.int32)
    # The last place of every term up to each match [terms, matches]: neighbours in memory, five times as fast.
    last = np.full((len(weights), len(codes)), -_GAP, dtype=np.int32)
    last[codes, np.arange(len(codes))] = at
    np.maximum.accumulate(last, axis=1, out=last)
    distances = at - last
    # As numbers, because a product with truth values is not one of those that are computed fast.
    narrow, wide = (weights @ (distances < size).astype(np.float64) for size in (NARROW, WIDE))
    return _most(narrow, owners, chunks), _most(wide, owners, chunks)


def _most(values: Floats, owners: Integers, chunks: int) -> Floats:
    """The highest value of each chunk [chunks], 0 without any; owners ascend."""
    most = np.zeros(chunks)
    if len(owners):
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        most[owners[starts]] = np.maximum.reduceat(values, starts)
    return most
