"""Leaves the order of neighbours to a coin now and then: the one way to learn from clicks how much position counts.

Every hit moves by at most one place. All pairs of the list that begin at the first, or all that begin at the second
position take part at once, so that each such search says something about every other pair of places.
"""

from collections.abc import Sequence
from random import Random

from retrieval.types import Hit


def swap_neighbours(hits: Sequence[Hit], share: float, coin: Random) -> tuple[Sequence[Hit], int]:
    """The hits as they are to be shown, and the first position from which on pairs were left to a coin; 0: none was."""
    if len(hits) < 2 or coin.random() >= share:
        return hits, 0
    first = coin.choice((1, 2))
    shown = list(hits)
    for upper in range(first - 1, len(shown) - 1, 2):
        if coin.random() < 0.5:
            shown[upper], shown[upper + 1] = shown[upper + 1], shown[upper]
    return shown, first
