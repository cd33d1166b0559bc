"""The sample questions as a guard: what a ranker learns from one collection must not cost it what the shipped one can.

`guard_questions.npz` holds the candidates of questions about the sample documents, as numbers: features of the shipped
ranker and whether a candidate has the answer. `python -m bench.guard_questions` makes it.
"""

from functools import cache
from pathlib import Path

import numpy as np

from retrieval.bootstrap import mean_of
from retrieval.click_log import ClickLog, of_answers
from retrieval.gate import Verdict, ndcg
from retrieval.ranking import Ranker

GUARD = Path(__file__).with_name("guard_questions.npz")


def check(champion: Ranker, challenger: Ranker) -> Verdict:
    """Accepts unless the challenger is worse on the sample questions by more than chance.

    The questions are those of the shipped ranker's features; one with other features passes, and the figures say so.
    """
    names, log = _questions()
    if champion.features != names or challenger.features != names:
        return Verdict(True, "The sample questions have other features.", {"questions": 0})
    gains = ndcg(log, challenger.score(log.features)) - ndcg(log, champion.score(log.features))
    found = mean_of(gains)
    figures = {
        "questions": log.count,
        "nDCG@10": {"value": round(found.value, 5), "low": round(found.low, 5), "high": round(found.high, 5)},
    }
    if found.high < 0:
        return Verdict(False, f"It loses {-found.value:.3f} of nDCG@10 on the sample questions.", figures)
    return Verdict(True, "It does not lose on the sample questions.", figures)


@cache
def _questions() -> tuple[tuple[str, ...], ClickLog]:
    with np.load(GUARD, allow_pickle=False) as arrays:
        log = of_answers(arrays["features"], arrays["answers"], arrays["sizes"].tolist())
        return tuple(str(arrays["names"]).split()), log
