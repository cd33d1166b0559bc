"""The gate that ships, and how it decides."""

from pathlib import Path

from retrieval.translation import gate
from retrieval.translation.gate import SIGNALS, Chance
from retrieval.translation.strategies import STRATEGIES


def test_the_gate_that_ships_knows_its_strategies_and_signals() -> None:
    for name, chance in gate.read().items():
        assert name in STRATEGIES
        assert set(chance.weights) <= set(SIGNALS)
        assert 0 <= chance.threshold <= 1


def test_a_strategy_runs_from_its_threshold_on() -> None:
    chances = {"iterative": Chance(-1.0, {"names": 1.0}, 0.6)}
    assert gate.choose({"names": 0.0}, chances)[0] == []
    chosen, likely = gate.choose({"names": 3.0}, chances)
    assert chosen == ["iterative"]
    assert 0.8 < likely["iterative"] < 1


def test_no_signal_however_large_breaks_the_gate() -> None:
    chance = Chance(0.0, {"names": 1e6}, 0.5)
    assert chance.of({"names": 1e6}) > 0.99
    assert chance.of({"names": -1e6}) < 0.01


def test_a_gate_is_read_from_text(tmp_path: Path) -> None:
    path = tmp_path / "gate.json"
    path.write_text('{"hyde": {"intercept": 1.0, "weights": {"names": -2.0}, "threshold": 0.5}}')
    assert gate.read(path)["hyde"].weights == {"names": -2.0}
