"""The geometry of lines of text found in a picture: which way the page lies, and where they stand once it is upright.

Places are in pixels, y downwards.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_TALL = 1.5  # times as high as wide: a line that runs upwards or downwards
_LONG = 8.0  # times as wide as high: a line whose slope can be told, as boxes are a pixel or two askew
_FEWEST_LONG = 3
_STEEPEST = math.radians(15)  # beyond it a slope is not that of a badly laid page

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]  # of a line, from its upper left clockwise


@dataclass(frozen=True, slots=True)
class Rectangle:
    """The place of a line of text that runs across."""

    left: float
    top: float
    right: float
    bottom: float


def size(box: Corners) -> tuple[float, float]:
    """Width and height of a line."""
    return math.dist(box[0], box[1]), math.dist(box[0], box[3])


def lies_on_its_side(boxes: Sequence[Corners]) -> bool:
    """Whether most text of a page, by its length, runs upwards or downwards."""
    sizes = [size(box) for box in boxes]
    tall = sum(height for width, height in sizes if height > _TALL * width)
    wide = sum(width for width, height in sizes if width > _TALL * height)
    return tall > wide


def turned_left(boxes: Sequence[Corners], picture_width: float) -> list[Corners]:
    """The lines after the picture was turned by a quarter against the clock."""
    turned = []
    for box in boxes:
        first, second, third, fourth = ((y, picture_width - x) for x, y in box)
        turned.append((second, third, fourth, first))  # what was the upper right corner is the upper left one
    return turned


def turned_round(boxes: Sequence[Corners], picture_width: float, picture_height: float) -> list[Corners]:
    """The lines after the picture was turned by a half."""
    turned = []
    for box in boxes:
        first, second, third, fourth = ((picture_width - x, picture_height - y) for x, y in box)
        turned.append((third, fourth, first, second))
    return turned


def straightened(boxes: Sequence[Corners]) -> list[Rectangle]:
    """The lines as upright rectangles, with the slope of the page as a whole taken out."""
    slope = _slope(boxes)
    across, down = math.cos(slope), math.sin(slope)
    rectangles = []
    for box in boxes:
        x, y = (sum(place) / 4 for place in zip(*box, strict=True))
        middle_x, middle_y = x * across + y * down, y * across - x * down
        width, height = size(box)
        rectangles.append(
            Rectangle(middle_x - width / 2, middle_y - height / 2, middle_x + width / 2, middle_y + height / 2)
        )
    return rectangles


def _slope(boxes: Sequence[Corners]) -> float:
    """The angle by which lines fall to the right, in radians: the median of those that are long enough to tell."""
    angles = []
    for box in boxes:
        width, height = size(box)
        if width > _LONG * height:
            angles.append(math.atan2(box[1][1] - box[0][1], box[1][0] - box[0][0]))
    slope = median(angles) if len(angles) >= _FEWEST_LONG else 0.0
    return slope if abs(slope) < _STEEPEST else 0.0
