"""Impressions are written in the background, and a search never waits for them."""

import time

from retrieval.impression_log import ImpressionLog, impression_of
from retrieval.store import impressions
from retrieval.store.impressions import Impression
from retrieval.types import SearchRequest
from tests.fakes import Library


def shown(library: Library, number: int) -> Impression:
    result = library.retriever().search(SearchRequest("kettles", "default", 5))
    return impression_of(f"request-{number}", "default", "search", "kettles", result.hits, result.trace)


def count(library: Library) -> int:
    with library.database.read() as connection:
        return impressions.usage(connection, "default").impressions


def test_what_was_noted_is_there_after_a_flush_and_names_its_ranker(library: Library) -> None:
    library.add("A note on kettles.")
    log = ImpressionLog(library.database, 10)
    found = shown(library, 1)
    assert found.ranker == "default_ranker"
    log.note(found)
    log.flush()
    assert count(library) == 1
    log.close()


def test_nothing_is_kept_where_nothing_is_to_be_kept(library: Library) -> None:
    library.add("A note on kettles.")
    log = ImpressionLog(library.database, 0)
    log.note(shown(library, 1))
    log.flush()
    log.close()
    assert count(library) == 0


def test_the_number_that_is_kept_is_bounded(library: Library) -> None:
    library.add("A note on kettles.")
    log = ImpressionLog(library.database, 3)
    found = shown(library, 0)
    for number in range(20):
        log.note(Impression(f"r{number}", *_rest(found)))
        log.flush()
    log.close()
    assert count(library) <= 5


def _rest(found: Impression) -> tuple[object, ...]:
    return tuple(getattr(found, name) for name in Impression.__slots__ if name != "request_id")


def test_a_search_does_not_wait_for_a_busy_database(library: Library) -> None:
    library.add("A note on kettles.")
    log = ImpressionLog(library.database, 10)
    found = shown(library, 1)
    with library.database.write():  # the one writer is busy
        started = time.perf_counter()
        for number in range(50):
            log.note(Impression(f"r{number}", *_rest(found)))
        assert time.perf_counter() - started < 0.25
        assert count(library) == 0
    log.close()
    assert count(library) == 10
