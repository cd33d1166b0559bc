"""Logical routing: the chance that a question is meant for documents, for tables or for the graph.

By plain signals, in English and Chinese: whether it counts or compares, asks how things are connected, or asks why and
how; and what the tables themselves make of it. A multinomial logistic model joins them; `python -m bench.routing_model`
fits it. No language model is asked, and no embedding is needed: neither measured better (docs/decisions.md).
"""

import math
import re
from collections.abc import Mapping

from retrieval.construction.question_cues import asks_no_table, cues
from retrieval.construction.words import normal
from retrieval.routing.names import SOURCES, SourceName

_CONNECTS = re.compile(
    r"\b(?:connect(?:ed|s|ions?)?|relat(?:ed|es?|ions?|ionships?)|link(?:ed|s)?|associated|mention(?:ed|s)?|alongside"
    r"|neighbou?rs?|path|network|together|in common|refer(?:s|ence|ences)?|cites?|appears?|tied|ties|involved|belongs?"
    r"|deals? with|works? with|collaborates?|shares?)\b|关系|联系|关联|提到|引用|相关|出现|实体|路径"
)
_EXPLAINS = re.compile(
    r"^(?:why|how (?:do|does|did|can|to|should|would|is|are|was|were)\b|explain|describe|summari[sz]e|tell me|give me"
    r"|what (?:does|do|did|happen\w*|should|must|caused?|causes|is the (?:policy|procedure|purpose|reason|history)"
    r"|are the (?:rules|conditions))|is |are |can |may |do |does |under|who (?:has|may|is responsible|must)|when may)"
    r"|为什么|怎么|如何|怎样|什么情况|请介绍|规定|可以|能"
)
_MEASURES = re.compile(
    r"\bhow (?:much|many|often|long)\b|\bprice\b|\bcost\b|\btotal\b|\bwhat is the\b|\bper\b|多少|几[个天名]|哪[个种]"
)
_DIGIT = re.compile(r"\d")
_AGGREGATES = frozenset(
    {"count", "sum", "average", "most", "fewest", "highest", "lowest", "percentage", "ratio", "difference", "distinct"}
)
_READ = 1_000  # characters of a question: what is longer quotes a text

# Rows: the bias and the weight of each signal, by source.
_FITTED: Mapping[str, Mapping[SourceName, float]] = {
    "bias": {"documents": 0.85, "graph": -0.16, "tables": -0.69},
    "a statement fits": {"documents": -0.57, "graph": -0.10, "tables": 0.66},
    "words left over": {"documents": -0.01, "graph": 0.14, "tables": -0.14},
    "explained by a table": {"documents": -0.73, "graph": 0.10, "tables": 0.63},
    "values of a table": {"documents": -0.35, "graph": 0.30, "tables": 0.04},
    "a statement that counts": {"documents": -0.20, "graph": -0.31, "tables": 0.52},
    "counts or compares": {"documents": -0.60, "graph": -0.46, "tables": 1.07},
    "lists": {"documents": -0.18, "graph": 0.33, "tables": -0.15},
    "asks how or why": {"documents": 0.37, "graph": -0.22, "tables": -0.16},
    "connects": {"documents": -1.04, "graph": 1.70, "tables": -0.67},
    "explains": {"documents": 1.01, "graph": -0.43, "tables": -0.58},
    "measures": {"documents": -0.24, "graph": -0.44, "tables": 0.67},
    "has a number": {"documents": -0.29, "graph": -0.42, "tables": 0.71},
}


def chances(question: str, of_tables: Mapping[str, float]) -> Mapping[SourceName, float]:
    """The chance of each source, together 1."""
    found = {"bias": 1.0, **signals(question, of_tables)}
    scores = {source: sum(weights[source] * found[name] for name, weights in _FITTED.items()) for source in SOURCES}
    most = max(scores.values())
    shares = {source: math.exp(score - most) for source, score in scores.items()}
    total = sum(shares.values())
    return {source: share / total for source, share in shares.items()}


def signals(question: str, of_tables: Mapping[str, float]) -> Mapping[str, float]:
    """What the model looks at; `of_tables` is what the tables make of the question, empty where there are none."""
    text = normal(question[:_READ])
    said = {cue.name for cue in cues(text)}
    aggregates = float(bool(said & _AGGREGATES))
    written = of_tables.get("written", 0.0)
    return {
        "a statement fits": written,
        "words left over": of_tables.get("left over", 0.0),
        "explained by a table": of_tables.get("covered", 0.0),
        "values of a table": of_tables.get("values", 0.0),
        "a statement that counts": written * aggregates,
        "counts or compares": aggregates,
        "lists": float("list" in said),
        "asks how or why": float(asks_no_table(text)),
        "connects": float(bool(_CONNECTS.search(text))),
        "explains": float(bool(_EXPLAINS.search(text))),
        "measures": float(bool(_MEASURES.search(text))),
        "has a number": float(bool(_DIGIT.search(text))),
    }
