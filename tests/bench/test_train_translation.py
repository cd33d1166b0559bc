"""Fitting the gate: it learns when a strategy pays, and to leave it where it does not."""

import random

from bench.train_translation import Example, fit
from retrieval.translation.gate import SIGNALS


def examples(gain_where_asked: float) -> list[Example]:
    coin = random.Random(0)
    made = []
    for number in range(120):
        found = {name: coin.random() for name in SIGNALS}
        found["possessions"] = float(number % 2)
        gain = gain_where_asked if number % 2 else -0.05
        made.append(Example(f"set {number % 3}", [found[name] for name in SIGNALS], {"iterative": gain}))
    return made


def test_the_gate_runs_a_strategy_where_it_gains_and_nowhere_else() -> None:
    known = examples(0.2)
    chance, gained = fit(known, "iterative")
    chosen = [chance.of(dict(zip(SIGNALS, item.signals, strict=True))) >= chance.threshold for item in known]
    assert sum(chosen[1::2]) >= 55
    assert sum(chosen[0::2]) <= 5
    assert gained > 0.08


def test_the_mean_gain_counts_what_running_costs() -> None:
    cheap, dear = fit(examples(0.2), "iterative")[1], fit(examples(0.1), "iterative")[1]
    assert cheap > dear


def test_a_strategy_that_never_pays_gets_no_chance() -> None:
    assert fit(examples(-0.1), "iterative")[1] == 0
