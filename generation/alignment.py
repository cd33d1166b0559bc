"""Finds where the passages say what a sentence of the answer says: how well each carries it, and in which words."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from retrieval.analysis import terms
from retrieval.sentences import sentence_spans
from retrieval.types import Hit

# A claim counts as supported from this share of its weight on; fitted on answers whose passage is known.
SUPPORTED = 0.5
# A term of the question tells less than a new one: every passage that was found speaks of it.
QUESTION_WEIGHT = 0.3
# A term found elsewhere in the passage, or in its headings, counts half: "she" for a name three sentences before.
CONTEXT_WEIGHT = 0.5
# A second sentence joins the quote only where it carries this much more of the claim.
SECOND_SENTENCE_GAIN = 0.2

_STOPWORDS = frozenset(
    terms(
        "a an the and or but if of in on at by for from with without to into onto over under as is are was were "
        "be been being am do does did has have had will would can could should may might must this that these "
        "those there here it its he him his she her hers they them their we us our you your i me my who whom "
        "whose which what when where why how not no nor so than then also very more most such both each any some "
        "all other only just about according answer question passage passages text based provided given mentioned "
        "states stated says said"
    )
)
_NUMBER_WORDS = {word: str(n) for n, word in enumerate(terms("two three four five six seven eight nine ten"), 2)}
_WORD = re.compile(r"(?<!\w)[^\W\d_][^\W_]*(?:[-'’&.][^\W_]+)*")
_LIST_MARKER = re.compile(r"\s*(?:\d{1,3}[.)、]|[-*•])\s+")
CJK_CHARACTER = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Support:
    """How well a passage carries a claim (0..1), and the words of the passage that do so."""

    passage: int  # from 0
    score: float
    start: int  # offsets in the passage's text
    end: int

    @property
    def sufficient(self) -> bool:
        """Whether the claim may be called supported."""
        return self.score >= SUPPORTED


@dataclass(frozen=True, slots=True)
class _Window:
    """One or two sentences of a passage."""

    start: int
    end: int
    terms: frozenset[str]
    sentences: int


@dataclass(frozen=True, slots=True)
class _Passage:
    windows: Sequence[_Window]
    context: frozenset[str]  # every term of the passage and of the headings above it


@dataclass(frozen=True, slots=True)
class _Claim:
    weights: Mapping[str, float]
    numbers: frozenset[str]  # new ones, which the question does not hold
    names: frozenset[str]  # likewise


class Alignment:
    """Aligns claims with the passages of one answer."""

    def __init__(self, question: str, passages: Sequence[Hit]) -> None:
        self._question = content(question)
        self._passages = [_read(hit) for hit in passages]
        sentences = [window.terms for passage in self._passages for window in passage.windows if window.sentences == 1]
        counts = Counter(term for sentence in sentences for term in sentence)
        self._rarity = {term: math.log(1 + len(sentences) / (1 + count)) for term, count in counts.items()}
        self._unseen = math.log(1 + len(sentences))

    def best(self, claim: str) -> Support | None:
        """The support of the passage that carries the claim best; None where there are no passages."""
        supports = (self.support(claim, index) for index in range(len(self._passages)))
        return max(supports, key=lambda support: support.score, default=None)

    def support(self, claim: str, passage: int) -> Support:
        """How well the passage (from 0) carries the claim; the score is 0 where a number or a name disagrees."""
        parsed, candidate = self._parse(claim), self._passages[passage]
        names_agree = parsed.names <= candidate.context
        ranked = []
        for window in candidate.windows:
            agrees = names_agree and parsed.numbers <= window.terms
            held = _share(parsed.weights, window.terms)
            score = held + CONTEXT_WEIGHT * _share(parsed.weights, candidate.context - window.terms) if agrees else 0.0
            ranked.append((agrees, held - SECOND_SENTENCE_GAIN * (window.sentences - 1), -window.start, score, window))
        *_, score, window = max(ranked, key=lambda entry: entry[:3])
        return Support(passage, score, window.start, window.end)

    def _parse(self, claim: str) -> _Claim:
        claim = _LIST_MARKER.sub("", claim, count=1) if _LIST_MARKER.match(claim) else claim
        weights = {
            term: self._rarity.get(term, self._unseen) * (QUESTION_WEIGHT if term in self._question else 1.0)
            for term in content(claim)
        }
        numbers = frozenset(term for term in weights if term[0].isdigit())
        return _Claim(weights, numbers - self._question, names(claim) - self._question)


def _read(hit: Hit) -> _Passage:
    text = hit.chunk.text
    spans = sentence_spans(text) or [(0, len(text))]
    singles = [_Window(start, end, content(text[start:end]), 1) for start, end in spans]
    pairs = [
        _Window(first.start, second.end, first.terms | second.terms, 2)
        for first, second in zip(singles, singles[1:], strict=False)
    ]
    return _Passage([*singles, *pairs], content("\n".join((hit.chunk.document, *hit.chunk.headings, text))))


def _share(weights: Mapping[str, float], held: frozenset[str]) -> float:
    """The share of the claim's weight that lies on terms which are held."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in held) / total if total else 0.0


def content(text: str) -> frozenset[str]:
    """The terms that carry meaning."""
    return frozenset(meaningful(terms(text)))


def meaningful(found: Iterable[str]) -> list[str]:
    """Terms without function words and single characters of Chinese, number words as digits, in their order."""
    kept = (term for term in found if term not in _STOPWORDS)
    return [_NUMBER_WORDS.get(term, term) for term in kept if not CJK_CHARACTER.fullmatch(term)]


def names(claim: str) -> frozenset[str]:
    """The terms of names: capitalised words, save a lone one that opens the claim, as any word may."""
    words = [match.group() for match in _WORD.finditer(claim)]
    capitalised = [word[0].isupper() for word in words]
    names = (
        word
        for position, word in enumerate(words)
        if capitalised[position]
        and (position > 0 or not word[1:].islower() or capitalised[position + 1 : position + 2] == [True])
    )
    return content(" ".join(names))
