from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.pdf_order import Placed, reading_order

_COORDINATE = st.integers(0, 20)
_BOXES = st.lists(st.tuples(_COORDINATE, st.integers(1, 10), _COORDINATE), max_size=12)


def test_columns_stay_as_they_are_drawn() -> None:
    parts = [Placed("left", 0, 10, 90), Placed("left below", 0, 10, 50), Placed("right", 12, 22, 95)]

    assert reading_order(parts) == ["left", "left below", "right"]


def test_a_heading_drawn_last_comes_before_the_columns_below_it() -> None:
    parts = [Placed("left", 0, 10, 80), Placed("right", 12, 22, 80), Placed("heading", 2, 20, 99)]

    assert reading_order(parts) == ["heading", "left", "right"]


@given(_BOXES)
def test_nothing_is_lost_and_what_stands_above_comes_first(boxes: list[tuple[int, int, int]]) -> None:
    parts = [Placed(index, left, left + width, top) for index, (left, width, top) in enumerate(boxes)]
    order = reading_order(parts)

    assert sorted(order) == list(range(len(parts)))
    for one in parts:
        for other in parts:
            contains = one.left <= other.left and other.right <= one.right
            if contains and one.top > other.top:
                assert order.index(one.part) < order.index(other.part)
