"""What the judge of claims looks at: each feature a function from a claim beside its evidence to a number.

A new feature is a function and a line in `FEATURES`; then `python -m bench.train_claims`.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from generation.alignment import CJK_CHARACTER
from generation.claim_evidence import Compared, share

# Neighbours of a number or a name: content terms at most so far from it.
_REACH = 3
# Two terms that follow each other in the claim may stand so far apart in the evidence.
_APART = 4

Feature = Callable[[Compared], float]


def held(compared: Compared) -> float:
    """The share of the claim's rarity that the evidence has."""
    return share(compared.weights, compared.window.words.terms)


def held_in_passage(compared: Compared) -> float:
    """The same of the whole passage with its headings."""
    return share(compared.weights, compared.context)


def held_anywhere(compared: Compared) -> float:
    """The same of all passages."""
    return share(compared.weights, compared.everything)


def plain_held(compared: Compared) -> float:
    """The share of the claim's terms, rare or not, that the evidence has."""
    return len(compared.claim.terms & compared.window.words.terms) / len(compared.claim.terms)


def rarest_missing(compared: Compared) -> float:
    """The rarity of the rarest term that the evidence lacks, as a share of the claim's rarest."""
    missing = [weight for term, weight in compared.weights.items() if term not in compared.window.words.terms]
    rarest = max(compared.weights.values())
    return max(missing, default=0.0) / rarest if rarest else 0.0


def missing_anywhere(compared: Compared) -> float:
    """How many terms of the claim no passage has."""
    return min(len(compared.claim.terms - compared.everything), 10)


def order_kept(compared: Compared) -> float:
    """The share of neighbouring terms of the claim that stand near each other, in this order, in the evidence."""
    pairs = list(zip(compared.claim.order, compared.claim.order[1:], strict=False))
    places = _places(compared.window.words.order)
    kept = sum(
        any(0 < later - earlier <= _APART for earlier in places.get(first, ()) for later in places.get(second, ()))
        for first, second in pairs
    )
    return kept / len(pairs) if pairs else 0.0


def numbers_missing(compared: Compared) -> float:
    """How many numbers of the claim the evidence lacks."""
    return len(compared.claim.numbers - compared.window.words.terms)


def numbers_missing_anywhere(compared: Compared) -> float:
    """How many numbers of the claim no passage has."""
    return len(compared.claim.numbers - compared.everything)


def number_neighbours(compared: Compared) -> float:
    """The least share of a number's neighbours in the claim that are its neighbours in the evidence too; 1 without."""
    return _least_shared_neighbours(compared, compared.claim.numbers)


def names_missing(compared: Compared) -> float:
    """How many terms of names the evidence lacks."""
    return len(compared.claim.names - compared.window.words.terms)


def names_missing_in_passage(compared: Compared) -> float:
    """How many terms of names the passage lacks."""
    return len(compared.claim.names - compared.context)


def name_neighbours(compared: Compared) -> float:
    """The same as `number_neighbours` of the terms of names."""
    return _least_shared_neighbours(compared, compared.claim.names)


def negation_differs(compared: Compared) -> float:
    """1 if one of the two says no or not and the other does not."""
    return float(compared.claim.is_negated != compared.window.words.is_negated)


def negation_added(compared: Compared) -> float:
    """1 if the claim says no or not and the evidence does not."""
    return float(compared.claim.is_negated and not compared.window.words.is_negated)


def length(compared: Compared) -> float:
    """How many terms the claim has, as a logarithm."""
    return math.log(len(compared.claim.terms))


def evidence_length(compared: Compared) -> float:
    """The same of the evidence."""
    return math.log(1 + len(compared.window.words.terms))


def sentences(compared: Compared) -> float:
    """How many sentences the evidence has."""
    return compared.window.sentences


def is_chinese(compared: Compared) -> float:
    """1 if the claim has Chinese words, which come in overlapping pairs and without capitals."""
    return float(any(CJK_CHARACTER.match(term) for term in compared.claim.terms))


def longest_gap(compared: Compared) -> float:
    """The longest run of neighbouring terms of the claim that the evidence lacks, as a share of the claim."""
    longest = run = 0
    for term in compared.claim.order:
        run = 0 if term in compared.window.words.terms else run + 1
        longest = max(longest, run)
    return longest / len(compared.claim.order)


FEATURES: Mapping[str, Feature] = {
    function.__name__: function
    for function in (
        held,
        held_in_passage,
        held_anywhere,
        plain_held,
        rarest_missing,
        missing_anywhere,
        order_kept,
        numbers_missing,
        numbers_missing_anywhere,
        number_neighbours,
        names_missing,
        names_missing_in_passage,
        name_neighbours,
        negation_differs,
        negation_added,
        length,
        evidence_length,
        sentences,
        is_chinese,
        longest_gap,
    )
}


def matrix(rows: Sequence[Compared], names: Sequence[str]) -> NDArray[np.float64]:
    """The named features [claims, features]."""
    return np.array([[FEATURES[name](row) for name in names] for row in rows], dtype=np.float64)


def _places(order: Sequence[str]) -> Mapping[str, Sequence[int]]:
    places: dict[str, list[int]] = {}
    for position, term in enumerate(order):
        places.setdefault(term, []).append(position)
    return places


def _least_shared_neighbours(compared: Compared, particulars: frozenset[str]) -> float:
    """Of each such term that both have: the share of its neighbours in the claim that stand near it in the evidence."""
    claim, evidence = compared.claim.order, compared.window.words.order
    shares = [
        _shared(set(_near(claim, term)) - particulars, set(_near(evidence, term)))
        for term in particulars & compared.window.words.terms
    ]
    return min(shares, default=1.0)


def _near(order: Sequence[str], term: str) -> Iterator[str]:
    for position, found in enumerate(order):
        if found == term:
            yield from order[max(position - _REACH, 0) : position]
            yield from order[position + 1 : position + 1 + _REACH]


def _shared(wanted: set[str], found: set[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 1.0
