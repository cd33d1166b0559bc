"""What was shown and what was clicked, as arrays: the one form in which everything that learns from use reads it.

Knows nothing of the database, of rankers or of how a bias is corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ClickLog:
    """Impressions one after the other, a row for each hit that was shown, in the order in which it was shown."""

    features: Floats  # [rows, features]
    positions: Integers  # [rows], from 1
    clicks: Booleans  # [rows]
    impressions: Integers  # [rows], which impression each row belongs to: ascending from 0
    # [impressions]: 0, or the first position from which on the order of each two neighbours was left to a coin: 1 for
    # the pairs (1, 2), (3, 4), ..., 2 for (2, 3), (4, 5), ...
    explored: Integers
    queries: Integers  # [impressions]: equal for equal queries; what is drawn anew by the bootstrap

    @property
    def count(self) -> int:
        """Impressions."""
        return len(self.explored)

    @property
    def depth(self) -> int:
        """The deepest position that was ever shown."""
        return int(self.positions.max(initial=1))

    def part(self, chosen: Booleans) -> "ClickLog":
        """Some of the impressions [impressions], numbered anew."""
        rows = chosen[self.impressions]
        numbers = np.cumsum(chosen) - 1
        return ClickLog(
            self.features[rows],
            self.positions[rows],
            self.clicks[rows],
            numbers[self.impressions[rows]],
            self.explored[chosen],
            self.queries[chosen],
        )


def of_answers(features: NDArray[np.floating[Any]], answers: Booleans, sizes: Sequence[int]) -> ClickLog:
    """The same form for questions with known answers: a list a question, whose answers [rows] are its clicks.

    `sizes` says how many of the rows, in their order, are candidates of each question.
    """
    lengths = np.array(sizes, dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    return ClickLog(
        features.astype(np.float64),
        np.arange(lengths.sum()) - np.repeat(starts, lengths) + 1,
        answers.astype(np.bool_),
        np.repeat(np.arange(len(lengths)), lengths),
        np.zeros(len(lengths), dtype=np.int64),
        np.arange(len(lengths)),
    )


def ranks(log: ClickLog, scores: Floats) -> Integers:
    """The rank [rows], from 1, that a ranker with these scores [rows] gives each hit among those shown with it.

    Equal scores keep the order in which they were shown.
    """
    order = np.lexsort((log.positions, -scores, log.impressions))
    starts = np.searchsorted(log.impressions, np.arange(log.count))
    found = np.zeros(len(scores), dtype=np.int64)
    found[order] = np.arange(len(scores)) - starts[log.impressions[order]] + 1
    return found


def numbered(values: Sequence[str]) -> Integers:
    """A number for every value [values], equal for equal ones."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)
