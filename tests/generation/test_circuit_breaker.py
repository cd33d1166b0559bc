import pytest

from generation.circuit_breaker import CircuitBreaker
from retrieval.errors import Overloaded
from tests.fakes_generation import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=3, pause_seconds=10, clock=clock)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.admit()
        breaker.fail()


def test_it_opens_after_so_many_failures_in_a_row(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    breaker.admit()
    breaker.succeed()
    fail(breaker, 2)
    breaker.admit()
    breaker.fail()
    with pytest.raises(Overloaded, match="3 times") as refusal:
        breaker.admit()
    assert refusal.value.retry_after == 10
    assert breaker.wait_seconds == 10


def test_one_call_tries_after_the_pause_and_its_success_closes_it(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    assert breaker.wait_seconds == 0
    breaker.admit()
    with pytest.raises(Overloaded):
        breaker.admit()
    breaker.succeed()
    for _ in range(5):
        breaker.admit()


def test_its_failure_opens_it_again(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    breaker.admit()
    breaker.fail()
    with pytest.raises(Overloaded):
        breaker.admit()
    clock.now += 10
    breaker.admit()


def test_a_trial_that_was_given_up_makes_room_for_another(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    breaker.admit()
    breaker.abandon()
    breaker.admit()


def test_a_server_is_left_alone_as_long_as_it_asks(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    breaker.fail(rest_seconds=60)
    assert breaker.wait_seconds == 60
