"""Finds the stretch of the passages that speaks most of what a claim says, and what the two have in common.

Knows words, numbers and names, in English and Chinese, and no model: `claim_features.py` turns what is found here into
numbers, `claims.py` into verdicts.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generation.alignment import content, meaningful, names
from retrieval.analysis import terms
from retrieval.sentences import sentence_spans
from retrieval.types import Hit

# A second sentence joins the evidence only where it carries this much more of the claim.
SECOND_SENTENCE_GAIN = 0.1
# What agreeing numbers and names add when windows are compared: words alone would choose the sentence before.
AGREEMENT_GAIN = 0.2
_NEGATION = re.compile(
    r"(?i)\b(?:not|no|never|none|neither|nor|without|cannot|nobody|nothing|fails?|failed|unable|refused|denied)\b"
    r"|n['’]t\b|[不没沒未无無非勿]|并非|從未"
)


@dataclass(frozen=True, slots=True)
class Words:
    """A text as it is compared."""

    order: Sequence[str]  # content terms as they come
    terms: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    is_negated: bool

    @classmethod
    def of(cls, text: str) -> "Words":
        """The words of a text."""
        order = meaningful(terms(text))
        numbers = frozenset(term for term in order if term[0].isdigit())
        return cls(order, frozenset(order), numbers, names(text) - numbers, bool(_NEGATION.search(text)))

    def followed_by(self, other: "Words") -> "Words":
        """The words of two texts in a row."""
        return Words(
            [*self.order, *other.order],
            self.terms | other.terms,
            self.numbers | other.numbers,
            self.names | other.names,
            self.is_negated or other.is_negated,
        )


@dataclass(frozen=True, slots=True)
class Window:
    """One or two sentences of a passage."""

    passage: int  # from 0
    start: int  # offsets in the passage's text
    end: int
    words: Words
    sentences: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A claim, the window that carries it best, and what surrounds that window."""

    claim: Words
    window: Window
    context: frozenset[str]  # of the window's passage, its title and headings
    everything: frozenset[str]  # of all passages
    weights: Mapping[str, float]  # rarity of the claim's terms among the passages' sentences


class EvidenceFinder:
    """Finds evidence in the passages of one answer."""

    def __init__(self, passages: Sequence[Hit]) -> None:
        self._windows = [window for number, hit in enumerate(passages) for window in _windows(number, hit)]
        self._contexts = [
            content("\n".join((hit.chunk.document, *hit.chunk.headings))).union(
                *(window.words.terms for window in self._windows if window.passage == number)
            )
            for number, hit in enumerate(passages)
        ]
        self._everything = frozenset[str]().union(*self._contexts)
        sentences = [window.words.terms for window in self._windows if window.sentences == 1]
        counts = Counter(term for sentence in sentences for term in sentence)
        self._rarity = {term: math.log(1 + len(sentences) / (1 + count)) for term, count in counts.items()}
        self._unseen = math.log(1 + len(sentences))

    def find(self, claim: str) -> Compared | None:
        """The claim beside its best window; None where there is nothing to compare."""
        words = Words.of(claim)
        if not words.terms or not self._windows:
            return None
        weights = {term: self._rarity.get(term, self._unseen) for term in words.terms}
        window = max(self._windows, key=lambda window: (_carried(words, weights, window), -window.start))
        return Compared(words, window, self._contexts[window.passage], self._everything, weights)


def share(weights: Mapping[str, float], held: frozenset[str]) -> float:
    """The share of the weight that lies on terms which are held."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in held) / total if total else 0.0


def _carried(claim: Words, weights: Mapping[str, float], window: Window) -> float:
    particulars = claim.numbers | claim.names
    agreed = len(particulars & window.words.terms) / len(particulars) if particulars else 0.0
    carried = share(weights, window.words.terms) + AGREEMENT_GAIN * agreed
    return carried - SECOND_SENTENCE_GAIN * (window.sentences - 1)


def _windows(number: int, hit: Hit) -> list[Window]:
    text = hit.chunk.text
    spans = sentence_spans(text) or [(0, len(text))]
    singles = [Window(number, start, end, Words.of(text[start:end]), 1) for start, end in spans]
    pairs = [
        Window(number, first.start, second.end, first.words.followed_by(second.words), 2)
        for first, second in zip(singles, singles[1:], strict=False)
    ]
    return [*singles, *pairs]
