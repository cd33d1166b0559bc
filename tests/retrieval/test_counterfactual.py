"""Counterfactual estimates and the gate, in a world whose truth is known."""

import numpy as np
import pytest

from retrieval import counterfactual, gate, propensities, relevance_model
from retrieval.click_log import ClickLog, ranks
from retrieval.counterfactual import Estimate, Estimator
from retrieval.propensities import Propensities, swapped_clicks
from tests.click_simulation import LOOKED_AT, World, simulate

KNOWN = Propensities(
    LOOKED_AT, "regression", 0
)  # not estimated: they are the truth, and do not vary with what is drawn


def difference(world: World, challenger: str, known: Propensities) -> dict[Estimator, Estimate]:
    other, own = (counterfactual.gains(world.log, getattr(world, name)) for name in (challenger, "champion"))
    nothing = np.zeros(len(world.relevance))
    return dict(counterfactual.estimate(world.log, other - own, nothing, known))


def verdict(world: World, challenger: str) -> gate.Verdict:
    held_out = np.arange(world.log.count) % 3 == 0
    return gate.by_clicks(world.log, held_out, world.champion, getattr(world, challenger))


@pytest.mark.parametrize("challenger", ["better", "worse"])
def test_the_estimate_contains_the_truth_and_the_naive_one_does_not(challenger: str) -> None:
    covered: dict[str, list[bool]] = {"naive": [], "ips": []}
    for seed in range(12):
        world = simulate(seed, 1500)
        truth = world.worth(getattr(world, challenger)) - world.worth(world.champion)
        for name, found in difference(world, challenger, KNOWN).items():
            covered.setdefault(name, []).append(found.low <= truth <= found.high)
    assert sum(covered["ips"]) >= 10
    assert not any(covered["naive"])


def test_a_model_of_relevance_fills_in_what_clipping_cuts_off() -> None:
    errors: dict[str, list[float]] = {"ips": [], "dr": []}
    for seed in range(8):
        world = simulate(seed, 1500)
        model = relevance_model.fit(world.log, LOOKED_AT).predict(world.log.features)
        gain = counterfactual.gains(world.log, world.better)
        found = counterfactual.estimate(world.log, gain, model, KNOWN, clip=0.4)
        for name, error in errors.items():
            error.append(found[name].value - world.worth(world.better))  # type: ignore[index]
    assert np.mean(errors["ips"]) < -0.04
    assert abs(np.mean(errors["dr"])) < abs(np.mean(errors["ips"])) / 2


def test_propensities_come_from_swaps_and_are_near_the_truth() -> None:
    found = propensities.estimate(simulate(0, 8000, 1.0).log)
    assert found.method == "swaps"
    assert np.abs(found.values - LOOKED_AT).max() < 0.12


def test_without_swaps_a_model_is_fitted_and_the_gate_does_not_trust_it() -> None:
    world = simulate(0, 1500, 0.0)
    found = verdict(world, "better")
    assert found.figures["propensities"]["method"] == "regression"
    assert not found.is_accepted
    assert "SCHOLIAST_EXPLORATION" in found.reason
    values = found.figures["propensities"]["values"]
    assert values[0] == 1
    assert values[0] > values[2] > values[-1]


def test_swapped_clicks_count_only_in_pairs_that_both_were_shown() -> None:
    log = ClickLog(
        np.zeros((6, 1)),
        np.array([1, 2, 3, 1, 2, 3]),
        np.array([True, False, True, True, False, True]),
        np.array([0, 0, 0, 1, 1, 1]),
        np.array([1, 2]),
        np.array([0, 1]),
    )
    # Pairs from the first position: (1, 2), and 3 is alone; from the second: (2, 3), and 1 is alone.
    assert swapped_clicks(log, 3).tolist() == [[[1, 0], [0, 0]], [[0, 0], [0, 1]]]


def test_the_gate_lets_the_better_one_through_and_no_other() -> None:
    accepted = dict.fromkeys(("better", "worse", "champion"), 0)
    for seed in range(4):
        world = simulate(seed)
        for name in accepted:
            accepted[name] += verdict(world, name).is_accepted
    assert accepted == {"better": 4, "worse": 0, "champion": 0}


def test_few_clicks_decide_nothing() -> None:
    world = simulate(0, 250, 1.0)
    found = verdict(world, "better")
    assert not found.is_accepted
    assert "clicks" in found.reason


def test_ranks_are_within_an_impression_and_ties_keep_the_shown_order() -> None:
    log = simulate(0, 3).log
    assert ranks(log, np.zeros(len(log.positions))).tolist() == log.positions.tolist()
    assert ranks(log, log.positions.astype(float)).tolist() == [*range(10, 0, -1)] * 3


def test_repeated_queries_are_drawn_together() -> None:
    world = simulate(0, 600, 0.0)
    log = world.log
    same = ClickLog(log.features, log.positions, log.clicks, log.impressions, log.explored, log.queries // 60)
    gain = counterfactual.gains(log, world.champion)
    nothing = np.zeros(len(gain))
    alone, together = (counterfactual.estimate(item, gain, nothing, KNOWN)["ips"] for item in (log, same))
    assert alone.value == pytest.approx(together.value)


def test_the_effective_sample_is_no_larger_than_the_clicks() -> None:
    log = simulate(0, 500).log
    assert 0 < counterfactual.effective_sample_size(log, KNOWN) <= log.clicks.sum()


@pytest.mark.slow
def test_the_gate_over_two_hundred_logs() -> None:
    """The figures of docs/ranker.md: `-s` prints them."""
    accepted: dict[str, list[bool]] = {"better": [], "worse": [], "champion": []}
    errors: dict[tuple[str, str], list[float]] = {}
    covered: dict[tuple[str, str], list[bool]] = {}
    for seed in range(200):
        world = simulate(seed)
        known = propensities.estimate(world.log)
        for name, passed in accepted.items():
            passed.append(verdict(world, name).is_accepted)
        for name in ("better", "worse"):
            truth = world.worth(getattr(world, name)) - world.worth(world.champion)
            for estimator, found in difference(world, name, known).items():
                errors.setdefault((name, estimator), []).append(found.value - truth)
                covered.setdefault((name, estimator), []).append(found.low <= truth <= found.high)
    shares = {name: float(np.mean(passed)) for name, passed in accepted.items()}
    print(shares)
    for key, values in errors.items():
        error = 1.96 * np.std(values) / np.sqrt(len(values))
        print(key, f"bias {np.mean(values):+.4f} +- {error:.4f}, covered {np.mean(covered[key]):.3f}")
        if key[1] == "ips":
            assert abs(np.mean(values)) < 1.5 * error  # unbiased: its own noise explains what is left
            assert np.mean(covered[key]) > 0.88
        if key[1] == "naive":
            assert abs(np.mean(values)) > 5 * error
            assert np.mean(covered[key]) < 0.05
    assert shares["better"] >= 0.95
    assert shares["worse"] <= 0.05
    assert shares["champion"] <= 0.05
