"""Whichever way a page lies, its lines come out where they stand on the upright page."""

import math

import pytest

from ingest.parsing.text_boxes import Corners, lies_on_its_side, straightened, turned_left, turned_round

_WIDTH, _HEIGHT = 800.0, 1000.0
_LINES = [
    (100.0, 100.0, 700.0, 130.0),
    (100.0, 150.0, 500.0, 180.0),
    (100.0, 200.0, 690.0, 230.0),
    (100.0, 900.0, 180.0, 930.0),
]


def _box(left: float, top: float, right: float, bottom: float) -> Corners:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _from_upper_left(box: Corners) -> Corners:
    """The corners in the order in which a detector gives them: it does not know how the page should lie."""
    (first, second), (third, fourth) = (
        sorted(sorted(box)[:2], key=lambda p: p[1]),
        sorted(sorted(box)[2:], key=lambda p: p[1]),
    )
    return (first, third, fourth, second)


def _places(boxes: list[Corners]) -> list[tuple[float, ...]]:
    return [(one.left, one.top, one.right, one.bottom) for one in straightened(boxes)]


def test_lines_that_run_across_stay_where_they_are() -> None:
    boxes = [_box(*line) for line in _LINES]

    assert not lies_on_its_side(boxes)
    assert _places(boxes) == _LINES


def test_a_page_that_was_laid_on_its_side_comes_upright() -> None:
    clockwise = [_from_upper_left(tuple((_HEIGHT - y, x) for x, y in _box(*line))) for line in _LINES]  # type: ignore[arg-type]

    assert lies_on_its_side(clockwise)
    assert _places(turned_left(clockwise, _HEIGHT)) == _LINES


def test_a_page_that_stands_on_its_head_comes_upright() -> None:
    headlong = [_from_upper_left(tuple((_WIDTH - x, _HEIGHT - y) for x, y in _box(*line))) for line in _LINES]  # type: ignore[arg-type]

    assert _places(turned_round(headlong, _WIDTH, _HEIGHT)) == _LINES


@pytest.mark.parametrize("degrees", [-4.0, -1.0, 2.5])
def test_the_slope_of_a_badly_laid_page_is_taken_out(degrees: float) -> None:
    across, down = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    sloping = [tuple((x * across - y * down, x * down + y * across) for x, y in _box(*line)) for line in _LINES]

    for found, line in zip(_places(sloping), _LINES, strict=True):  # type: ignore[arg-type]
        assert found == pytest.approx(line, abs=0.01)


def test_the_boxes_of_a_table_are_too_short_to_tell_a_slope() -> None:
    askew = [((100.0, y), (240.0, y - 4), (241.0, y + 26), (101.0, y + 30)) for y in (100.0, 200.0, 300.0, 400.0)]

    assert straightened(askew)[0].left == pytest.approx(170.5 - math.dist(*askew[0][:2]) / 2)


def test_without_long_lines_nothing_is_straightened() -> None:
    word = (((100.0, 100.0), (140.0, 108.0), (136.0, 128.0), (96.0, 120.0)),)

    assert straightened(word)[0].left == pytest.approx(118 - math.dist(word[0][0], word[0][1]) / 2)
