"""What gives way when the time of a search runs short."""

from retrieval.deadline import GIVE_WAY, Deadline, Pace
from retrieval.trace import StageTrace

EVERYTHING = frozenset(GIVE_WAY)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def pace(**milliseconds: float) -> Pace:
    known = Pace()
    known.note(StageTrace(stage, taken) for stage, taken in milliseconds.items())
    return known


def test_without_an_end_there_is_time_for_everything() -> None:
    deadline = Deadline(None, pace(rank=1e9), EVERYTHING)
    assert all(deadline.allows(stage) for stage in GIVE_WAY)


def test_stages_give_way_in_the_stated_order_as_time_gets_shorter() -> None:
    known = pace(translate=100, rank=20, late_interaction=30, cross_encoder=200, fetch=3, evidence=2, fusion=1)
    given_up = []
    for milliseconds in range(400, 0, -1):
        deadline = Deadline(milliseconds, known, EVERYTHING, Clock())
        given_up += [stage for stage in GIVE_WAY if stage not in given_up and not deadline.allows(stage)]
    assert given_up == list(GIVE_WAY)


def test_what_the_request_does_not_ask_for_needs_no_time() -> None:
    known = pace(rank=20, cross_encoder=500, fetch=3)
    assert Deadline(100, known, frozenset({"translate", "rank"}), Clock()).left_for("translate") == 77
    assert Deadline(100, known, EVERYTHING, Clock()).left_for("translate") < 0


def test_time_runs() -> None:
    clock = Clock()
    deadline = Deadline(50, pace(rank=20), EVERYTHING, clock)
    assert deadline.allows("rank")
    clock.seconds = 0.04
    assert not deadline.allows("rank")
    assert 9 < deadline.left < 11


def test_what_a_stage_takes_follows_the_latest_searches_and_skipped_ones_say_nothing() -> None:
    known = pace(rank=10)
    known.note([StageTrace("rank", 1000.0, skipped="not asked for")])
    assert known.of(["rank"]) == 10
    for _ in range(50):
        known.note([StageTrace("rank", 30.0)])
    assert 29 < known.of(["rank"]) <= 30
    assert known.of(["never"]) == 0
