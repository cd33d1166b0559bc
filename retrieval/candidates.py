"""What is known of the candidates of one query, a row each: the table from which all ranking features are computed.

All of it comes from the indexes in memory, so that ranking reads nothing from the database.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.indexes import fields, sparse
from retrieval.indexes.segment import Segment
from retrieval.indexes.sparse import K1, B, SparseIndex
from retrieval.recall import Candidates, Query
from retrieval.representations import KINDS
from retrieval.snapshot import Snapshot
from retrieval.term_matches import Floats, Integers, Occurrences, TermMatches, match

# Candidates that the fused list puts first: what they say stands for what the query is about.
LEADERS = 3
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


@dataclass(frozen=True)
class CandidateTable:
    """Candidates in the order of fusion, with everything that features look at."""

    fused: Floats  # [candidates], the scores of fusion
    ranks: Mapping[str, Floats]  # by list [candidates]: from 1, and 0 where the list does not have the candidate
    cosines: Floats  # [candidates], of the chunk's own text
    other_cosines: Floats  # [candidates], the best of its other representations; its own text's where there is none
    leader_cosines: Floats  # [candidates], with the mean vector of the leaders
    rarity: Floats  # [terms], idf of the query's distinct terms
    is_number: NDArray[np.bool_]  # [terms]
    is_name: NDArray[np.bool_]  # [terms]
    query_length: int  # terms, repeats included
    matches: TermMatches
    average_length: float  # terms of a chunk of the collection
    heading_in_leaders: Floats  # [candidates], the most of its headings that the body of a leader contains
    ideographic: Floats  # [candidates], the share of terms that are written without spaces
    query_ideographic: float
    score_field: Callable[[str], Floats]  # by name of a field (`retrieval/indexes/fields.py`): BM25 in it [candidates]

    @cached_property
    def counts(self) -> Floats:
        """How often the candidate has each term [candidates, terms]."""
        return self.matches.heading_counts + self.matches.body_counts

    @cached_property
    def bm25(self) -> Floats:
        """The score of sparse recall, for all candidates [candidates]."""
        lengths = self.matches.heading_lengths + self.matches.body_lengths
        norms = K1 * (1 - B + B * lengths / self.average_length)
        scores: Floats = (self.counts * (K1 + 1) / (self.counts + norms[:, None])) @ self.rarity
        return scores


@dataclass(frozen=True, slots=True)
class Part:
    """The candidates that one segment holds."""

    segment: Segment
    candidates: Integers  # their places in the table, ascending
    rows: Integers  # their rows in the segment


def tabulate(
    query: Query, snapshot: Snapshot, lists: Mapping[str, Candidates], fused: Sequence[tuple[int, float]]
) -> CandidateTable:
    """The table of the fused candidates, which must be alive in the snapshot."""
    keys = [key for key, _ in fused]
    held = list(parts(snapshot, np.array(keys, dtype=np.int64)))
    indexes = [segment.sparse for segment in snapshot.segments]
    rarity = sparse.rarity(indexes, snapshot.alive, query.terms)
    numbers = {term: number for number, term in enumerate(rarity)}
    names = _names(query.text)
    weights = np.array(list(rarity.values()), dtype=np.float64)
    own, other, vectors = _vectors(query, held, len(keys))
    return CandidateTable(
        fused=np.array([score for _, score in fused], dtype=np.float64),
        ranks={name: _ranks(keys, candidates.keys) for name, candidates in lists.items()},
        cosines=own,
        other_cosines=other,
        leader_cosines=vectors @ _unit(vectors[:LEADERS].sum(axis=0)),
        rarity=weights,
        is_number=np.array([term[0].isdigit() for term in rarity], dtype=np.bool_),
        is_name=np.array([term in names for term in rarity], dtype=np.bool_),
        query_length=len(query.terms),
        matches=match(
            np.array([numbers[term] for term in query.terms], dtype=np.int64),
            weights,
            _occurrences(numbers, held, len(keys)),
        ),
        average_length=sparse.average_length(indexes, snapshot.alive),
        heading_in_leaders=_heading_in_leaders(held, len(keys)),
        ideographic=_ideographic(held, len(keys)),
        query_ideographic=_share_of([term[0] >= sparse.FIRST_IDEOGRAPH for term in query.terms]),
        score_field=lambda field: _in_field(field, query, snapshot, held, len(keys)),
    )


def parts(snapshot: Snapshot, keys: Integers) -> Iterator[Part]:
    """Where in the snapshot the candidates with these keys lie; those that are not alive are in no part."""
    for segment, alive in zip(snapshot.segments, snapshot.alive, strict=True):
        if not len(segment.chunk_keys):
            continue
        rows = np.minimum(np.searchsorted(segment.chunk_keys, keys), len(segment.chunk_keys) - 1)
        # A chunk that came again is in two segments, and alive in one.
        candidates = np.flatnonzero((segment.chunk_keys[rows] == keys) & alive[rows])
        if len(candidates):
            yield Part(segment, candidates, rows[candidates])


def _ranks(keys: Sequence[int], ranked: Sequence[int]) -> Floats:
    places = {key: rank for rank, key in enumerate(ranked, start=1)}
    return np.array([places.get(key, 0) for key in keys], dtype=np.float64)


def _vectors(query: Query, parts: Sequence[Part], count: int) -> tuple[Floats, Floats, Floats]:
    """Cosine of the text, best cosine of anything else, and vectors of the texts [candidates, dimension].

    A chunk without a vector counts as perpendicular to everything.
    """
    own, other = np.full(count, -np.inf), np.full(count, -np.inf)
    vectors = np.zeros((count, len(query.vector)))
    for part in parts:
        first = np.searchsorted(part.segment.vector_rows, part.rows, side="left")
        number = np.searchsorted(part.segment.vector_rows, part.rows, side="right") - first
        places = np.arange(number.sum()) + np.repeat(first - (np.cumsum(number) - number), number)
        if not len(places):
            continue
        owners = np.repeat(part.candidates, number)
        found = part.segment.dense.vectors(places)
        cosines = found @ query.vector
        is_text = part.segment.vector_kinds[places] == KINDS.index("text")
        np.maximum.at(own, owners[is_text], cosines[is_text])
        np.maximum.at(other, owners[~is_text], cosines[~is_text])
        vectors[owners[is_text]] = found[is_text]
    own = np.where(np.isfinite(own), own, 0.0)
    return own, np.where(np.isfinite(other), other, own), vectors


def _unit(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _occurrences(numbers: Mapping[str, int], parts: Sequence[Part], count: int) -> Occurrences:
    """The query's terms in all candidates, in the order of the table."""
    codes, owners = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    lengths, headings = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for part in parts:
        index = part.segment.sparse
        sequence, lengths[part.candidates] = index.terms_of(part.rows)
        headings[part.candidates] = index.heading_lengths[part.rows]
        codes.append(_coded(index, numbers, sequence))
        owners.append(np.repeat(part.candidates, lengths[part.candidates]))
    code, owner = np.concatenate(codes), np.concatenate(owners)
    if len(parts) > 1:  # each part is in the order of the table, but not all together
        order = np.argsort(owner, kind="stable")
        code, owner = code[order], owner[order]
    return Occurrences(code, owner, lengths, headings)


def _coded(index: SparseIndex, numbers: Mapping[str, int], sequence: NDArray[np.int32]) -> Integers:
    """For terms by the index's numbering: the given number of each, -1 for those that have none."""
    known = sorted((index.vocabulary[term], number) for term, number in numbers.items() if term in index.vocabulary)
    if not known:
        return np.full(len(sequence), -1, dtype=np.int64)
    # A table over the vocabulary is as long as a large collection has terms, a million: clearing it took 2 ms.
    found, codes = np.array(known, dtype=np.int64).T
    places = np.minimum(np.searchsorted(found.astype(np.int32), sequence), len(found) - 1)
    return np.where(found[places] == sequence, codes[places], -1)


def _heading_in_leaders(parts: Sequence[Part], count: int) -> Floats:
    """A leader does not count for itself."""
    most = np.zeros(count)
    headings = [(part, *_heading_terms(part)) for part in parts]
    for leader, body in enumerate(_leader_bodies(parts)):
        known = dict.fromkeys(body, 0)
        for part, sequence, lengths in headings:
            covered = _coded(part.segment.sparse, known, sequence) == 0
            shares = np.bincount(np.repeat(np.arange(len(lengths)), lengths), covered, len(lengths))
            shares = shares / np.maximum(lengths, 1) * (part.candidates != leader)
            most[part.candidates] = np.maximum(most[part.candidates], shares)
    return most


def _heading_terms(part: Part) -> tuple[NDArray[np.int32], Integers]:
    """The terms of the candidates' headings, one candidate after the other, and how many each has."""
    index = part.segment.sparse
    lengths = index.heading_lengths[part.rows].astype(np.int64)
    before = np.cumsum(lengths) - lengths
    places = np.arange(lengths.sum()) + np.repeat(index.starts[part.rows] - before, lengths)
    return index.sequences[places], lengths


def _leader_bodies(parts: Sequence[Part]) -> Iterator[set[str]]:
    """The distinct terms of the body of each leader."""
    for leader in range(LEADERS):
        for part in parts:
            for row in part.rows[part.candidates == leader].tolist():
                index = part.segment.sparse
                first = index.starts[row] + index.heading_lengths[row]
                yield {index.words[number] for number in index.sequences[first : index.starts[row + 1]].tolist()}


def _ideographic(parts: Sequence[Part], count: int) -> Floats:
    shares = np.zeros(count)
    for part in parts:
        shares[part.candidates] = part.segment.sparse.ideographic[part.rows]
    return shares


def _in_field(field: str, query: Query, snapshot: Snapshot, parts: Sequence[Part], count: int) -> Floats:
    rows = [
        next((part.rows for part in parts if part.segment is segment), np.zeros(0, dtype=np.int64))
        for segment in snapshot.segments
    ]
    indexes = [segment.fields[field] for segment in snapshot.segments]
    scores = np.zeros(count)
    for segment, found in zip(
        snapshot.segments, fields.scores(indexes, snapshot.alive, query.terms, rows), strict=True
    ):
        for part in parts:
            if part.segment is segment:
                scores[part.candidates] = found
    return scores


def _share_of(found: Sequence[bool]) -> float:
    return sum(found) / max(len(found), 1)


def _names(text: str) -> set[str]:
    """Terms of the capitalised words of the query, but for the first, which is capitalised anyway."""
    return {
        term
        for place, word in enumerate(_WORD.findall(text))
        if (place and word[0].isupper()) or (len(word) > 1 and word.isupper())
        for term in terms(word)
    }
