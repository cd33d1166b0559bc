"""Turns among documents under suspicion."""

import threading
import time

import pytest

from ingest.suspects import SuspectTurns


def test_whoever_was_blamed_least_goes_first_and_only_one_at_a_time() -> None:
    turns = SuspectTurns(courtesy_seconds=0)
    order: list[tuple[int, int]] = []
    inside = 0

    def take(attempts: int, key: int) -> None:
        nonlocal inside
        with turns.turn(attempts, key):
            inside += 1
            assert inside == 1
            order.append((attempts, key))
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=take, args=pair) for pair in [(3, 1), (1, 2), (2, 3), (1, 4)]]
    with turns.turn(0, 0):  # they all queue up behind this one
        for thread in threads:
            thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert order == [(1, 2), (1, 4), (2, 3), (3, 1)]


def test_a_turn_that_ends_in_an_error_is_given_back() -> None:
    turns = SuspectTurns(courtesy_seconds=0)

    def fail() -> None:
        with turns.turn(1, 1):
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it is the test's own
        fail()
    with turns.turn(1, 2):
        pass


def test_one_that_was_blamed_before_lets_others_queue_up() -> None:
    turns = SuspectTurns(courtesy_seconds=0.05)
    started = time.monotonic()
    with turns.turn(3, 1):
        assert time.monotonic() - started >= 0.1
