import pytest

from generation.training_schedule import WARM_UP, Schedule


def test_the_rate_rises_stays_and_falls_to_almost_nothing() -> None:
    schedule = Schedule(2000, 1e-4)
    assert schedule.rate(0) == pytest.approx(1e-4 / WARM_UP)
    assert {schedule.rate(step) for step in range(WARM_UP, schedule.decay_begins + 1)} == {1e-4}
    falling = [schedule.rate(step) for step in range(schedule.decay_begins, 2000)]
    assert falling == sorted(falling, reverse=True)
    assert 0 < falling[-1] < 1e-6


def test_a_longer_run_has_the_same_rates_up_to_where_the_shorter_one_decayed() -> None:
    short, long = Schedule(1000, 1e-4), Schedule(5000, 1e-4)
    assert [short.rate(step) for step in range(short.decay_begins)] == [
        long.rate(step) for step in range(short.decay_begins)
    ]
