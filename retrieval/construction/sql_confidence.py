"""How likely a statement that a template wrote gives the right rows: what of the question it left unused, and what it
added that the question does not say.

A logistic model; `python -m bench.sql_confidence` fits it and prints precision and coverage on questions and tables of
others. A word that nothing explains is the plainest sign of a wrong statement, and a number that no condition took up.
"""

import math
import re
from collections.abc import Mapping

from sqlglot import exp

from retrieval.construction.question_cues import CUES
from retrieval.construction.sql_execution import SqlResult
from retrieval.construction.sql_generation import Written

# Words that change what is asked, and that no template reads where they stand outside of a time or a comparison.
_UNREAD = re.compile(
    r"\b(?:before|after|first|last|next|previous|prior|consecutive|following|only|other|same|both|until|another|besides"
    r"|either|also|ever|directly|above|below|times|longer|older|without|not)\b|之前|之后|以前|以后|除了|同样|另"
)
# Cues that a template takes up; the others of a question are left unread.
_TAKEN: Mapping[str, str] = {
    "percentage": "percentage",
    "ratio": "ratio",
    "difference": "difference more less",
    "comparison": "or more less most fewest highest lowest",
    "ordered": "most fewest highest lowest order arranged descending",
    "grouped": "count sum average highest lowest",
    "extreme": "most fewest highest lowest single",
    "aggregate": "sum average highest lowest most fewest first single",
    "counted": "count distinct",
    "looked_up": "when",
    "listed": "",
}
_NEUTRAL = frozenset({"list", "when", "or", "more", "less", "not", "single"})
_NUMBER = re.compile(r"\d+")
_MOST = 4  # of anything that is counted: further ones say no more

INTERCEPT = -1.62
WEIGHTS: Mapping[str, float] = {
    "columns not named": -0.28,
    "columns not used": -0.29,
    "conditions": -0.16,
    "covered": 1.26,
    "guesses": -0.50,
    "has condition": 0.94,
    "no rows": -1.14,
    "no value": -2.59,
    "rows": -0.36,
    "template aggregate": -0.30,
    "template comparison": 0.10,
    "template counted": 0.44,
    "template difference": -0.17,
    "template extreme": -0.01,
    "template grouped": 1.58,
    "template listed": -0.24,
    "template looked_up": -0.58,
    "template ordered": 0.65,
    "template percentage": 0.29,
    "template ratio": -0.50,
    "unread cues": -0.20,
    "unread numbers": -0.99,
    "unread words": -0.84,
    "weakest name": 0.44,
    "weakest value": 0.74,
    "words left over": -0.31,
}


def confidence(written: Written, tree: exp.Expr, result: SqlResult) -> float:
    """The calibrated chance, 0..1, that the rows answer the question."""
    found = signals(written, tree, result)
    log_odds = INTERCEPT + sum(weight * found[name] for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-log_odds))


def signals(written: Written, tree: exp.Expr, result: SqlResult) -> Mapping[str, float]:
    """What the model looks at: the question against the statement, and the rows."""
    return {
        **_of_words(written),
        **_of_columns(written, tree),
        **{f"template {name}": float(name == written.template) for name in _TAKEN},
        "rows": math.log1p(len(result.rows)),
        "no rows": float(not result.rows),
        "no value": float(any(cell is None for row in result.rows[:20] for cell in row)),
        "conditions": float(min(_MOST, len(written.reading.conditions) + len(written.reading.values))),
    }


def _of_words(written: Written) -> Mapping[str, float]:
    """What of the question nothing took up."""
    said, mentions = written.reading.said, written.linked.mentions
    explained = {place for mention in mentions for place in range(mention.first, mention.last)}
    asked = {place for place in range(len(said.content)) if place not in said.asking}
    inside = [(period.start, period.end) for period in said.periods] + [(item.start, item.end) for item in said.ranges]
    unread = [
        match
        for match in _UNREAD.finditer(said.text)
        if not any(match.start() < end + 1 and start - 1 < match.end() for start, end in inside)
    ]
    cues = {name for name in CUES if any(cue.name == name for cue in said.cues)} - _NEUTRAL
    return {
        "covered": written.linked.covered,
        "words left over": float(min(_MOST, len(asked - explained))),
        "unread words": float(min(_MOST, len(unread))),
        "unread cues": float(min(_MOST, len(cues - set(_TAKEN[written.template].split())))),
        "unread numbers": float(min(_MOST, _unread_numbers(written))),
    }


def _unread_numbers(written: Written) -> int:
    """Numbers of the question that are in no condition; the years of a time become its bounds."""
    said = written.reading.said
    taken = " ".join(_NUMBER.findall(written.sql))
    times = [(period.start, period.end) for period in said.periods]
    is_dated = any("'" in condition for condition in written.reading.conditions)
    return sum(
        match.group() not in taken.split()
        and not (is_dated and any(start <= match.start() < end for start, end in times))
        for match in _NUMBER.finditer(said.text)
    )


def _of_columns(written: Written, tree: exp.Expr) -> Mapping[str, float]:
    """How well the columns of the statement are named, and those that are named and not in it."""
    reading = written.reading
    used = {column.name for column in tree.find_all(exp.Column)}
    named = {item.column.name: item.weight for item in reading.named}
    valued = {found.column.name for found in reading.values}
    weights = [weight for name, weight in named.items() if name in used]
    values = [mention.weight for mention in written.linked.mentions if mention.kind == "value"]
    return {
        "columns not used": float(min(_MOST, len(named.keys() - used - valued))),
        "columns not named": float(min(_MOST, len(used - named.keys() - valued))),
        "weakest name": min(weights, default=0.0),
        "weakest value": min(values, default=1.0),
        "guesses": float(min(_MOST, written.guesses)),
        "has condition": float(tree.find(exp.Where) is not None),
    }
