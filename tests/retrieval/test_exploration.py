"""Swapping neighbours: rare, small, and every hit is still shown once."""

from random import Random

from retrieval.exploration import swap_neighbours
from retrieval.types import Hit
from tests.fakes_generation import passage

HITS = [passage(f"Passage {number}.", number=number) for number in range(7)]


def test_hits_move_by_one_place_at_most_and_none_is_lost() -> None:
    for seed in range(50):
        shown, first = swap_neighbours(HITS, 1.0, Random(seed))
        assert first in (1, 2)
        assert sorted(map(HITS.index, shown)) == list(range(7))
        assert max(abs(HITS.index(hit) - place) for place, hit in enumerate(shown)) <= 1
        if first == 2:
            assert shown[0] == HITS[0]


def test_each_neighbour_is_as_often_above_as_below() -> None:
    above = [swap_neighbours(HITS, 1.0, Random(seed))[0].index(HITS[3]) for seed in range(2000)]
    assert abs(above.count(2) - above.count(4)) < 150


def test_without_a_share_nothing_moves() -> None:
    coin = Random(0)
    assert all(swap_neighbours(HITS, 0.0, coin) == (HITS, 0) for _ in range(50))
    one: list[Hit] = HITS[:1]
    assert swap_neighbours(one, 1.0, coin) == (one, 0)
