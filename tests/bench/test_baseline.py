"""Regressions: reported where figures fell beyond chance, and nowhere else."""

import random
from pathlib import Path

from bench import baseline


def figures(shift: float = 0.0, swing: float = 0.0) -> baseline.Values:
    """Eighty questions, each `shift` worse than the first time, and every other one `swing` better or worse."""
    generator = random.Random(1)
    values = {
        f"q{number}": generator.uniform(0.3, 0.7) - shift + (swing if number % 2 else -swing) for number in range(80)
    }
    return {"examples": {"ranked": values}}


def test_a_fall_beyond_noise_is_reported_and_noise_is_not(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    baseline.write({}, figures(), path)
    assert baseline.regressions(figures(), path) == []
    assert baseline.regressions(figures(shift=0.02, swing=0.2), path) == []
    assert baseline.regressions(figures(shift=-0.1), path) == []
    assert "ranked on examples" in baseline.regressions(figures(shift=0.1, swing=0.2), path)[0]


def test_data_and_queries_without_a_baseline_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    baseline.write({}, figures(), path)
    assert baseline.regressions({"other": {"ranked": {"q1": 0.0}}, "examples": {"ranked": {"new": 0.0}}}, path) == []
