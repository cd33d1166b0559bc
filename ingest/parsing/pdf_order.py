"""Puts the parts of a PDF page in reading order where its content is drawn in another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

_SHARED = 0.3  # of the narrower part: parts that overlap across by this much stand in one column
_MOST_PARTS = (
    400  # of a page; the order of a denser one (a drawing) is left alone, as comparing all pairs would tell little
)

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Placed(Generic[Part]):
    """A part of a page with where it begins; lengths in points, y upwards."""

    part: Part
    left: float
    right: float
    top: float


def reading_order(parts: Sequence[Placed[Part]]) -> list[Part]:
    """The parts so that whatever stands above in the same column comes first; else in the order in which they came.

    That leaves columns as they are drawn, nearly always one after the other, and pulls headings and captions that are
    drawn late to where they belong.
    """
    if len(parts) > _MOST_PARTS:
        return [placed.part for placed in parts]
    above: list[int] = [0] * len(parts)  # how many parts still have to come before
    below: list[list[int]] = [[] for _ in parts]
    for upper, one in enumerate(parts):
        for lower, other in enumerate(parts):
            if one.top > other.top and _in_one_column(one, other):
                above[lower] += 1
                below[upper].append(lower)
    ready = [position for position, count in enumerate(above) if count == 0]
    heapify(ready)
    ordered: list[Part] = []
    while ready:
        position = heappop(ready)
        ordered.append(parts[position].part)
        for lower in below[position]:
            above[lower] -= 1
            if above[lower] == 0:
                heappush(ready, lower)
    return ordered


def _in_one_column(one: Placed[Part], other: Placed[Part]) -> bool:
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared > _SHARED * min(one.right - one.left, other.right - other.left)
