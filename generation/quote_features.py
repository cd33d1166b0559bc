"""What the choice of a quote looks at: each feature a function from a sentence among all candidates to a number.

A new feature is a function and a line in `FEATURES`; then `python -m bench.train_quotes`.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from generation.alignment import CJK_CHARACTER, names
from generation.quote_candidates import Gathered
from retrieval.table_text import CELL_SEPARATOR

_LEAST = 1e-6
_NUMBER = re.compile(
    r"\d|[一二三四五六七八九十百千万]"
    r"|(?i:\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand|million|half)\b)"
)
_DATE = re.compile(
    r"\b1\d{3}\b|\b20\d\d\b|[年月日]|\d:\d\d"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
)
_HOW_MANY = re.compile(
    r"(?i)\bhow (?:many|much|long|old|far|often|large|big|tall|high|fast|hot|cold)\b"
    r"|\b(?:what|which) (?:percent|percentage|number|age|amount|share|price|fee)"
    r"|多少|[几幾多](?:个|大|长|久|高|远|年|天)|百分"
)
_WHEN = re.compile(
    r"(?i)\bwhen\b|\b(?:what|which) (?:year|date|day|month|time)\b|\bby what\b"
    r"|什么时候|何时|哪[一]?[年天]|何年|几月|時候"
)
_WHO = re.compile(r"(?i)\bwho(?:m|se)?\b|谁|誰|何人|哪位")
_WHERE = re.compile(r"(?i)\bwhere\b|哪里|哪儿|何处|何地|哪裡")
_WHY = re.compile(r"(?i)\bwhy\b|为什么|为何|為什麼|原因")

Feature = Callable[[Gathered, int], float]


def cosine(gathered: Gathered, place: int) -> float:
    """How near the sentence under its headings is to the question."""
    return gathered.sentences[place].cosine


def cosine_behind(gathered: Gathered, place: int) -> float:
    """How far it is behind the nearest sentence."""
    return max(sentence.cosine for sentence in gathered.sentences) - gathered.sentences[place].cosine


def held(gathered: Gathered, place: int) -> float:
    """The share of the question's rarity that the sentence has."""
    return gathered.covered(gathered.sentences[place].terms)


def held_with_headings(gathered: Gathered, place: int) -> float:
    """The same of the sentence with its headings."""
    sentence = gathered.sentences[place]
    return gathered.covered(sentence.terms | gathered.headings[sentence.passage])


def held_with_columns(gathered: Gathered, place: int) -> float:
    """The same of a row with its headings and the names of its columns."""
    sentence = gathered.sentences[place]
    return gathered.covered(sentence.terms | gathered.headings[sentence.passage] | sentence.columns)


def held_in_passage(gathered: Gathered, place: int) -> float:
    """The same of the whole passage with its headings."""
    number = gathered.sentences[place].passage
    terms = (sentence.terms for sentence in gathered.sentences if sentence.passage == number)
    return gathered.covered(gathered.headings[number].union(*terms))


def held_before(gathered: Gathered, place: int) -> float:
    """The same of the sentence before, which a pronoun may refer to."""
    return gathered.covered(gathered.neighbour(place, -1))


def held_after(gathered: Gathered, place: int) -> float:
    """The same of the sentence after it."""
    return gathered.covered(gathered.neighbour(place, 1))


def rarest_held(gathered: Gathered, place: int) -> float:
    """The rarity of the rarest term of the question that it has, as a share of the rarest: a name, a code, a number."""
    rarest = max(gathered.rarity.values(), default=0.0)
    own = gathered.sentences[place].terms
    return max((weight for term, weight in gathered.rarity.items() if term in own), default=0.0) / (rarest or 1.0)


def nearest_rank(gathered: Gathered, place: int) -> float:
    """How many sentences are nearer to the question, as a logarithm."""
    own = gathered.sentences[place].cosine
    return math.log1p(sum(sentence.cosine > own for sentence in gathered.sentences))


def margin(gathered: Gathered, place: int) -> float:
    """How far the reader's likeliest span in the sentence is above "nowhere"."""
    return gathered.sentences[place].margin


def margin_behind(gathered: Gathered, place: int) -> float:
    """How far it is behind the likeliest span of all."""
    return max(sentence.margin for sentence in gathered.sentences) - gathered.sentences[place].margin


def margin_behind_in_passage(gathered: Gathered, place: int) -> float:
    """The same among the sentences of its passage."""
    own = gathered.sentences[place]
    return max(other.margin for other in gathered.sentences if other.passage == own.passage) - own.margin


def answerable(gathered: Gathered, place: int) -> float:
    """The reader's log-odds that the passage answers the question."""
    return _log_odds(gathered.chances[gathered.sentences[place].passage])


def answerable_behind(gathered: Gathered, place: int) -> float:
    """How far they are behind those of the likeliest passage."""
    return _log_odds(max(gathered.chances)) - answerable(gathered, place)


def passage_rank(gathered: Gathered, place: int) -> float:
    """Where the search has put the passage, from 0."""
    return gathered.sentences[place].passage


def score_behind(gathered: Gathered, place: int) -> float:
    """How far its passage's score is behind that of the first."""
    return gathered.scores[0] - gathered.scores[gathered.sentences[place].passage]


def position(gathered: Gathered, place: int) -> float:
    """How many sentences of its passage come before it."""
    return gathered.sentences[place].position


def length(gathered: Gathered, place: int) -> float:
    """How many terms it has, as a logarithm."""
    return math.log1p(gathered.sentences[place].words)


def new_terms(gathered: Gathered, place: int) -> float:
    """How many of them the question lacks, as a logarithm: a sentence that repeats the question answers nothing."""
    return math.log1p(len(gathered.sentences[place].terms - gathered.asked))


def number_wanted(gathered: Gathered, place: int) -> float:
    """Where a number is asked for: 1 with one, -1 without; else 0."""
    return _wanted(_HOW_MANY, gathered, bool(_NUMBER.search(gathered.sentences[place].text)))


def date_wanted(gathered: Gathered, place: int) -> float:
    """The same of dates and times."""
    return _wanted(_WHEN, gathered, bool(_DATE.search(gathered.sentences[place].text)))


def person_wanted(gathered: Gathered, place: int) -> float:
    """The same where the question asks who, of names that the question lacks."""
    return _wanted(_WHO, gathered, bool(names(gathered.sentences[place].text) - gathered.asked))


def place_wanted(gathered: Gathered, place: int) -> float:
    """The same where it asks where."""
    return _wanted(_WHERE, gathered, bool(names(gathered.sentences[place].text) - gathered.asked))


def reason_wanted(gathered: Gathered, place: int) -> float:
    """1 where the question asks why."""
    return float(bool(_WHY.search(gathered.question)))


def is_question(gathered: Gathered, place: int) -> float:
    """1 if the sentence asks something itself."""
    return float(gathered.sentences[place].text.rstrip().endswith(("?", "？")))


def is_row(gathered: Gathered, place: int) -> float:
    """1 if it is a row of a table, which the reader has seen few of."""
    return float(CELL_SEPARATOR in gathered.sentences[place].text)


def rows_before(gathered: Gathered, place: int) -> float:
    """How many rows of its passage stand before it, as a logarithm: the first names the columns."""
    own = gathered.sentences[place]
    others = gathered.sentences[place - own.position : place]
    return math.log1p(sum(CELL_SEPARATOR in sentence.text for sentence in others))


def is_chinese(gathered: Gathered, place: int) -> float:
    """1 if the question is, whose words come in overlapping pairs and without capitals."""
    return float(bool(CJK_CHARACTER.search(gathered.question)))


def evidence(gathered: Gathered, place: int) -> float:
    """The search's own chance that anything was found."""
    return gathered.evidence


FEATURES: Mapping[str, Feature] = {
    function.__name__: function
    for function in (
        cosine,
        cosine_behind,
        held,
        held_with_headings,
        held_with_columns,
        held_in_passage,
        held_before,
        held_after,
        rarest_held,
        nearest_rank,
        margin,
        margin_behind,
        margin_behind_in_passage,
        answerable,
        answerable_behind,
        passage_rank,
        score_behind,
        position,
        length,
        new_terms,
        number_wanted,
        date_wanted,
        person_wanted,
        place_wanted,
        reason_wanted,
        is_question,
        is_row,
        rows_before,
        is_chinese,
        evidence,
    )
}


def matrix(gathered: Gathered, places: Sequence[int], features: Sequence[str]) -> NDArray[np.float64]:
    """The named features of these sentences [sentences, features]."""
    return np.array([[FEATURES[name](gathered, place) for name in features] for place in places], dtype=np.float64)


def _wanted(asks: re.Pattern[str], gathered: Gathered, has: bool) -> float:
    if not asks.search(gathered.question):
        return 0.0
    return 1.0 if has else -1.0


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))
