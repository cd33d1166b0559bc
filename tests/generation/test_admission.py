import threading
import time
from collections.abc import Callable

import pytest

from generation.admission import Admission
from retrieval.errors import Overloaded


def never() -> bool:
    return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_one_request_at_a_time_in_order_of_arrival() -> None:
    admission, served, inside = Admission(capacity=5), [], []

    def serve(number: int) -> None:
        with admission.turn(never) as admitted:
            assert admitted
            inside.append(number)
            assert len(inside) == 1
            time.sleep(0.01)
            inside.remove(number)
            served.append(number)

    threads = []
    with admission.turn(never):
        for number in range(5):
            threads.append(threading.Thread(target=serve, args=(number,)))
            threads[-1].start()
            wait_until(lambda: admission.waiting == len(threads))
    for thread in threads:
        thread.join(5)
    assert served == [0, 1, 2, 3, 4]


def test_more_than_the_capacity_is_turned_away_with_a_time_to_come_back() -> None:
    admission = Admission(capacity=0)
    with admission.turn(never):
        with pytest.raises(Overloaded) as refusal, admission.turn(never):
            pass
        assert refusal.value.retry_after >= 1
    with admission.turn(never) as admitted:
        assert admitted


def test_a_waiting_request_gives_up_when_its_client_is_gone() -> None:
    admission, gone, outcome = Admission(capacity=1), threading.Event(), []

    def wait() -> None:
        with admission.turn(gone.is_set) as admitted:
            outcome.append(admitted)

    with admission.turn(never):
        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: admission.waiting == 1)
        gone.set()
        thread.join(5)
        assert outcome == [False]
        assert admission.waiting == 0


def test_a_failure_frees_the_place() -> None:
    admission = Admission(capacity=0)
    with pytest.raises(RuntimeError, match="broken"), admission.turn(never):
        raise RuntimeError("broken")
    with admission.turn(never) as admitted:
        assert admitted
