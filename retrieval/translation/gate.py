"""The gate: which strategies pay for a question, told from signals that cost next to nothing.

A logistic model for each strategy that pays at all gives the chance that it finds more; `python -m
bench.train_translation` fits them on labelled sets and writes `gate.json`. Signals are of the question's form and of
what the first pass found, and asking them takes a few milliseconds.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.analysis import terms
from retrieval.recall import Candidates, Query
from retrieval.translation.looking import Leader, Look
from retrieval.translation.names import name_spans

GATE = Path(__file__).with_name("gate.json")
# First passages that are looked at, and places of the lists that are compared.
LEADERS = 3
_COMPARED = 10

_COMPARISON = re.compile(
    r"\b(?:both|same|or|than|older|younger|earlier|later|first|difference|compared?|versus|vs)\b"
    r"|哪个|哪部|谁更|还是|相比|区别|都是|是否都",
    re.IGNORECASE,
)
_POSSESSION = re.compile(r"\bof\b|['’]s\b|的", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FirstPass:
    """What the question itself found."""

    query: Query
    lists: Mapping[str, Candidates]
    scores: Sequence[float]  # of the candidates in their order
    look: Look


@dataclass(frozen=True, slots=True)
class Chance:
    """A logistic model of whether a strategy pays."""

    intercept: float
    weights: Mapping[str, float]  # by signal
    threshold: float  # of the chance from which the strategy runs

    def of(self, found: Mapping[str, float]) -> float:
        """The chance, 0..1."""
        log_odds = self.intercept + sum(weight * found[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(min(log_odds, 50.0), -50.0)))


def read(path: Path = GATE) -> Mapping[str, Chance]:
    """The models by strategy."""
    return {name: Chance(**fitted) for name, fitted in json.loads(path.read_text()).items()}


def signals(seen: FirstPass) -> Mapping[str, float]:
    """Every signal by its name."""
    leaders = seen.look.leaders(LEADERS)
    rarity = seen.look.rarity(list(dict.fromkeys(seen.query.terms)))
    return {name: signal(seen, leaders, rarity) for name, signal in SIGNALS.items()}


Signal = Callable[[FirstPass, Sequence[Leader], Mapping[str, float]], float]


def _gap(place: int) -> Signal:
    """How far the best candidate is ahead of another."""

    def gap(seen: FirstPass, _leaders: Sequence[Leader], _rarity: Mapping[str, float]) -> float:
        return seen.scores[0] - seen.scores[place] if len(seen.scores) > place else 0.0

    return gap


def _agreement(seen: FirstPass, _leaders: Sequence[Leader], _rarity: Mapping[str, float]) -> float:
    dense, sparse = (set(seen.lists[name].keys[:_COMPARED]) for name in ("dense", "sparse"))
    return len(dense & sparse) / _COMPARED


def _covered_by(count: int) -> Signal:
    """The share of the question's rarity that the first leaders hold together."""

    def covered(_seen: FirstPass, leaders: Sequence[Leader], rarity: Mapping[str, float]) -> float:
        held = {term for leader in leaders[:count] for term in terms(" ".join([*leader.headings, leader.text]))}
        total = sum(rarity.values())
        return sum(weight for term, weight in rarity.items() if term in held) / total if total else 1.0

    return covered


def _headings_in_question(seen: FirstPass, leaders: Sequence[Leader], _rarity: Mapping[str, float]) -> float:
    """How many of the leaders the question names by their last heading."""
    asked = set(seen.query.terms)
    return float(sum(bool(leader.headings) and set(terms(leader.headings[-1])) <= asked for leader in leaders))


SIGNALS: Mapping[str, Signal] = {
    "length": lambda seen, _leaders, _rarity: math.log1p(len(seen.query.terms)),
    "names": lambda seen, _leaders, _rarity: float(len(list(name_spans(seen.query.text[1:])))),
    "comparison": lambda seen, _leaders, _rarity: float(bool(_COMPARISON.search(seen.query.text))),
    "possessions": lambda seen, _leaders, _rarity: float(min(len(_POSSESSION.findall(seen.query.text)), 3)),
    "gap_to_second": _gap(1),
    "gap_to_fifth": _gap(4),
    "agreement": _agreement,
    "covered_by_first": _covered_by(1),
    "covered_by_leaders": _covered_by(LEADERS),
    "headings_in_question": _headings_in_question,
}


def choose(found: Mapping[str, float], chances: Mapping[str, Chance]) -> tuple[Sequence[str], Mapping[str, float]]:
    """The strategies that pay, and the chance of each that was considered."""
    likely = {name: round(chance.of(found), 4) for name, chance in chances.items()}
    return [name for name, chance in chances.items() if likely[name] >= chance.threshold], likely
