"""Puts text that was found in the picture of a page into reading order: column by column, row by row within each.

Unlike a PDF's own text, recognised text comes in no order that means anything.
"""

from collections.abc import Sequence
from itertools import pairwise

from ingest.parsing.recognition import Piece

_FEWEST_LINES = 3  # long ones on each side of a gutter
_LONG = 18  # characters of a line of running text in a column; a Chinese character counts twice
_MOST_ACROSS = 0.5  # of the lines of the shorter column: so many may lie across the gutter, as titles do
_SAME_ROW = 0.5  # of the lower of two pieces: the share by which pieces of one row overlap in height
_MOST_PIECES = 600  # of a page; a denser one is a drawing or a large table
_DEEPEST = 3  # cuts, one inside the other


def in_reading_order(pieces: Sequence[Piece], depth: int = 0) -> list[Piece]:
    """The pieces of a page as a person reads them."""
    gutter = _gutter(pieces) if depth < _DEEPEST and len(pieces) <= _MOST_PIECES else None
    if gutter is None:
        return [piece for row in _rows(pieces) for piece in row]
    ordered: list[Piece] = []
    left: list[Piece] = []
    right: list[Piece] = []
    for piece in sorted(pieces, key=_middle):
        if piece.place.right <= gutter:
            left.append(piece)
        elif piece.place.left >= gutter:
            right.append(piece)
        else:  # what lies across both columns ends them
            ordered += [*in_reading_order(left, depth + 1), *in_reading_order(right, depth + 1), piece]
            left, right = [], []
    return [*ordered, *in_reading_order(left, depth + 1), *in_reading_order(right, depth + 1)]


def _gutter(pieces: Sequence[Piece]) -> float | None:
    """Where running text stands on both sides of a gap and little lies across it; None for a page of one column."""
    best: tuple[int, float] | None = None
    for gap in _gaps(pieces):
        left = sum(piece.place.right <= gap and _is_long(piece) for piece in pieces)
        right = sum(piece.place.left >= gap and _is_long(piece) for piece in pieces)
        across = sum(piece.place.left < gap < piece.place.right for piece in pieces)
        shorter = min(left, right)
        is_gutter = shorter >= _FEWEST_LINES and across <= _MOST_ACROSS * shorter
        if is_gutter and (best is None or shorter - across > best[0]):
            best = (shorter - across, gap)
    return best[1] if best else None


def _gaps(pieces: Sequence[Piece]) -> list[float]:
    """The middles between neighbouring edges of pieces: cuts elsewhere would part them no differently."""
    edges = sorted({edge for piece in pieces for edge in (round(piece.place.left), round(piece.place.right))})
    return [(one + other) / 2 for one, other in pairwise(edges)]


def _is_long(piece: Piece) -> bool:
    return len(piece.text) + sum(character >= "\u2e80" for character in piece.text) >= _LONG


def _middle(piece: Piece) -> float:
    return (piece.place.top + piece.place.bottom) / 2


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces by rows from top to bottom, each from left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=_middle):
        if rows and _in_one_row(rows[-1][-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.place.left) for row in rows]


def _in_one_row(one: Piece, other: Piece) -> bool:
    shared = min(one.place.bottom, other.place.bottom) - max(one.place.top, other.place.top)
    return shared > _SAME_ROW * min(one.place.bottom - one.place.top, other.place.bottom - other.place.top)
