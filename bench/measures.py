"""Measures of ranked lists against judgements, by ir-measures: trec_eval's own code behind names."""

from collections.abc import Mapping, Sequence

import ir_measures
from ir_measures import RR, R, Success, nDCG

Judgements = Mapping[str, Mapping[str, int]]
MEASURES = {
    "nDCG@10": nDCG @ 10,
    "recall@10": R @ 10,
    "recall@100": R @ 100,
    "MRR@10": RR @ 10,
    "right in the first 5": Success @ 5,
}
_NAMES = {measure: name for name, measure in MEASURES.items()}


def by_query(judgements: Judgements, ranked: Mapping[str, Sequence[str]]) -> Mapping[str, Mapping[str, float]]:
    """Each measure's value for every judged query; a query without a ranked list counts 0."""
    found: dict[str, dict[str, float]] = {name: dict.fromkeys(judgements, 0.0) for name in MEASURES}
    # Scores fall with the rank, so that no two are equal and the library keeps the order.
    run = {query: {id_: float(-place) for place, id_ in enumerate(ids)} for query, ids in ranked.items() if ids}
    for value in ir_measures.iter_calc(list(MEASURES.values()), judgements, run):
        found[_NAMES[value.measure]][value.query_id] = value.value
    return found
