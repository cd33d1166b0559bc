"""The features a ranker may use, by name; each is a function from the table of candidates to a number a candidate.

A ranker names the features it was trained with; a new one is a function and a line in `FEATURES`. What is compared
across collections must mean the same in each, so scores come as shares of the best possible or of the best found.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import CandidateTable
from retrieval.indexes.sparse import K1
from retrieval.term_matches import Floats

Feature = Callable[[CandidateTable], Floats]
# Ranks count as in the constant of reciprocal rank fusion, but less flat: a ranker sees each list by itself.
_RANK_CONSTANT = 10


def matrix(table: CandidateTable, names: Sequence[str]) -> NDArray[np.float64]:
    """The named features [candidates, features], finite; raises KeyError for a name that is not in `FEATURES`."""
    found = np.empty((len(table.fused), len(names)))
    for column, name in enumerate(names):
        found[:, column] = FEATURES[name](table)
    return found


def _reciprocal_rank(name: str) -> Feature:
    def feature(table: CandidateTable) -> Floats:
        ranks = table.ranks.get(name, np.zeros_like(table.fused))
        return np.where(ranks > 0, _RANK_CONSTANT / (_RANK_CONSTANT + ranks - 1), 0.0)

    return feature


def _fused_rank(table: CandidateTable) -> Floats:
    found: Floats = _RANK_CONSTANT / (_RANK_CONSTANT + np.arange(len(table.fused), dtype=np.float64))
    return found


def _to_best(values: Floats) -> Floats:
    found: Floats = values - values.max(initial=-np.inf)
    return found


def _share_of_best(values: Floats) -> Floats:
    best = values.max(initial=0.0)
    return values / best if best > 0 else np.zeros_like(values)


def _standardised(values: Floats) -> Floats:
    """How many standard deviations above the mean of the candidates."""
    deviation = values.std() if len(values) else 0.0
    return (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)


def _share(part: Floats, whole: Floats | float) -> Floats:
    """Part / whole, 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros_like(part), where=np.asarray(whole) > 0)


def _saturated(table: CandidateTable, counts: Floats) -> Floats:
    """BM25 without length, as a share of what a chunk full of the query's words could reach."""
    return _share((counts / (counts + K1)) @ table.rarity, float(table.rarity.sum()))


def _covered(table: CandidateTable, counts: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
    """The share of the query's rarity, or of some of its terms, whose terms occur."""
    weights = table.rarity if among is None else table.rarity * among
    return _share((counts > 0) @ weights, float(weights.sum()))


def _rarest_missing(table: CandidateTable) -> Floats:
    if not len(table.rarity):
        return np.zeros_like(table.fused)
    return _share(((table.counts == 0) * table.rarity).max(axis=1), float(table.rarity.max()))


def _pairs(table: CandidateTable) -> Floats:
    pairs = table.matches.pairs
    return pairs.mean(axis=1) if pairs.shape[1] else np.zeros_like(table.fused)


def _heading_in_query(table: CandidateTable) -> Floats:
    # Distinct query terms per heading term; a heading that repeats a term is no better covered by it.
    return np.minimum(_share((table.matches.heading_counts > 0).sum(axis=1) * 1.0, table.matches.heading_lengths), 1.0)


def _agreement(table: CandidateTable) -> Floats:
    """How many of the dense list's first ten are among the first ten of BM25."""
    dense, sparse = table.ranks.get("dense"), table.ranks.get("sparse")
    if dense is None or sparse is None:
        return np.zeros_like(table.fused)
    both = (dense > 0) & (dense <= 10) & (sparse > 0) & (sparse <= 10)
    return np.full_like(table.fused, both.sum() / 10)


def _margin(values: Floats) -> Floats:
    """How far the best candidate of the query is ahead of the second."""
    if len(values) < 2:
        return np.zeros_like(values)
    first, second = np.sort(values)[[-1, -2]]
    return np.full_like(values, first - second)


GROUPS: Mapping[str, Mapping[str, Feature]] = {
    # Where the lists rank it: what fusion knows.
    "lists": {
        "rrf": lambda table: table.fused,  # agreement between lists
        "rrf_rank": _fused_rank,  # the same, whatever the number of lists
        "dense_rank": _reciprocal_rank("dense"),  # nearest by meaning
        "sparse_rank": _reciprocal_rank("sparse"),  # best by words
        "tree_rank": _reciprocal_rank("tree"),  # its section speaks to the question
    },
    # Meaning.
    "meaning": {
        "cosine": lambda table: table.cosines,  # how near the text is to the query
        "cosine_to_best": lambda table: _to_best(table.cosines),  # the same, whatever level the query's cosines have
        "cosine_standardised": lambda table: _standardised(table.cosines),  # and whatever their spread
        "cosine_other": lambda table: table.other_cosines - table.cosines,  # what another representation adds
        "cosine_leaders": lambda table: (
            table.leader_cosines
        ),  # near to what the query found: feedback of pseudo relevance
    },
    # Words.
    "words": {
        "bm25": lambda table: _share(table.bm25, float(table.rarity.sum()) * (K1 + 1)),  # of what could be reached
        "bm25_of_best": lambda table: _share_of_best(table.bm25),  # of the best found
        "bm25_standardised": lambda table: _standardised(table.bm25),
        "bm25_body": lambda table: _saturated(table, table.matches.body_counts),  # by field: the text
        "bm25_heading": lambda table: _saturated(table, table.matches.heading_counts),  # by field: title and headings
        "coverage": lambda table: _covered(table, table.counts),  # of the query's rarity, however often
        "coverage_to_best": lambda table: _to_best(_covered(table, table.counts)),  # others may cover more
        "coverage_body": lambda table: _covered(table, table.matches.body_counts),
        "coverage_heading": lambda table: _covered(table, table.matches.heading_counts),
        "rarest_missing": _rarest_missing,  # without the rarest word it may be about something else
        "numbers": lambda table: _covered(table, table.counts, table.is_number),  # years and amounts must agree
        "names": lambda table: _covered(table, table.counts, table.is_name),  # so must names
    },
    # Word order and nearness.
    "order": {
        "pairs": _pairs,  # neighbours in the query that are neighbours in the text
        "longest_run": lambda table: table.matches.longest_runs / max(table.query_length, 1),  # a literal phrase
        "narrow_window": lambda table: _share(table.matches.narrow, float(table.rarity.sum())),  # in a sentence
        "wide_window": lambda table: _share(table.matches.wide, float(table.rarity.sum())),  # in a few sentences
        "first_match": lambda table: table.matches.first,  # openings say what a text is about
    },
    # Headings.
    "headings": {
        "heading_in_query": _heading_in_query,  # the query names the title
        "heading_in_leaders": lambda table: table.heading_in_leaders,  # what was found names the title: the second hop
    },
    # The chunk itself.
    "chunk": {
        "length": lambda table: np.log1p(table.matches.body_lengths),  # long texts match by chance
        "script": lambda table: 1 - np.abs(table.ideographic - table.query_ideographic),  # same language
    },
    # The query, the same for all its candidates: what the others are worth.
    "query": {
        "query_length": lambda table: np.full_like(table.fused, table.query_length),
        "query_script": lambda table: np.full_like(table.fused, table.query_ideographic),
        "query_numbers": lambda table: np.full_like(table.fused, table.is_number.any()),
        "query_names": lambda table: np.full_like(table.fused, table.is_name.any()),
        "agreement": _agreement,  # lists that agree are right more often
        "cosine_margin": lambda table: _margin(table.cosines),  # a clear winner by meaning
        "bm25_margin": lambda table: _margin(_share_of_best(table.bm25)),  # a clear winner by words
    },
}
FEATURES: Mapping[str, Feature] = {name: feature for group in GROUPS.values() for name, feature in group.items()}
