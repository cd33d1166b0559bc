"""Pages are read as long as there is time, and what is said of them is what happened."""

import time
from contextvars import copy_context

import pytest
from PIL import Image

from ingest.parsing.deadline import seconds_left, set_deadline
from ingest.parsing.scans import PagePicture, Scans, read_scans
from tests.ingest.parsing.scripted_recogniser import NOTHING, ScriptedRecogniser, page_of

_PICTURE = PagePicture(Image.new("L", (100, 100)), 0.36)


def _within(seconds: float, pages: int, recogniser: ScriptedRecogniser) -> Scans:
    """What is read where the process is ended after so many seconds."""

    def read() -> Scans:
        set_deadline(seconds)
        return read_scans(range(1, pages + 1), lambda number: _PICTURE, recogniser)

    return copy_context().run(read)


def test_without_a_deadline_every_page_is_read() -> None:
    scans = read_scans([2, 5], lambda number: _PICTURE, ScriptedRecogniser([page_of("two"), page_of("five")]))

    assert seconds_left() == float("inf")
    assert {number: [line.text for line in lines] for number, lines in scans.lines.items()} == {2: ["two"], 5: ["five"]}
    assert scans.unread == ()


def test_what_was_read_before_time_ran_out_is_kept_and_the_rest_is_named() -> None:
    recogniser = ScriptedRecogniser([page_of(f"page {number}") for number in range(1, 9)], lambda: time.sleep(0.2))
    started = time.monotonic()
    scans = _within(6.0, 8, recogniser)

    assert time.monotonic() - started < 2
    assert 1 <= len(scans.lines) < 8
    assert [*scans.lines, *scans.unread] == list(range(1, 9))
    left_out = scans.warnings(8)[1]
    assert left_out.startswith(f"{len(scans.unread)} of 8 pages were left out")
    assert "SCHOLIAST_PARSE_SECONDS" in left_out


def test_pages_are_tried_however_little_time_there_is_until_one_has_text() -> None:
    scans = _within(0.5, 4, ScriptedRecogniser([NOTHING, page_of("second")]))

    assert list(scans.lines) == [1, 2]
    assert list(scans.unread) == [3, 4]


def test_confidence_is_the_mean_over_characters_and_noise_counts_but_is_not_kept() -> None:
    scans = read_scans([1], lambda number: _PICTURE, ScriptedRecogniser([page_of("abcdefgh", confidence=0.75)]))
    noisy = page_of("abcdefgh", "~~", confidence=0.9)
    noisy = noisy.__class__(
        [noisy.pieces[0], noisy.pieces[1].__class__("~~", 0.4, noisy.pieces[1].place)], noisy.height
    )
    both = read_scans([1], lambda number: _PICTURE, ScriptedRecogniser([noisy]))

    assert scans.confidence == pytest.approx(0.75)
    assert both.confidence == pytest.approx(0.8)
    assert [line.text for line in both.lines[1]] == ["abcdefgh"]
    assert both.share_of_confidence(100) == pytest.approx(1 - 0.2 * 10 / 100)
    assert both.share_of_confidence(0) == pytest.approx(0.8)


def test_pages_with_nothing_to_see_count_as_certain_and_say_nothing() -> None:
    scans = read_scans([1, 2], lambda number: _PICTURE if number == 1 else None, ScriptedRecogniser([NOTHING]))

    assert scans.confidence == 1.0
    assert not any(scans.lines.values())
    assert scans.warnings(2) == []
