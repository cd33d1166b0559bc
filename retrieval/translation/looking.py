"""What a translation of a question can look at, and what it gives: queries, and passages that others lead to.

A strategy knows the question, the first passages that it found, and what further queries find. It knows nothing of how
searching works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Json


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A query that is searched for beside the question."""

    text: str
    vector: NDArray[np.float32] | None = None  # unit length; where there is one, it is searched by meaning alone
    vote: float = 1.0  # of what it finds in fusion, where the question's lists have 1


@dataclass(frozen=True, slots=True)
class Leader:
    """A passage that a query found among the first."""

    key: int
    headings: tuple[str, ...]  # outermost first
    text: str
    vector: NDArray[np.float32]  # of its text, unit length; zeros where it has none


@dataclass(frozen=True, slots=True)
class Link:
    """A passage that another one names."""

    source: int  # chunk keys
    target: int


@dataclass(frozen=True, slots=True)
class Translation:
    """What a strategy makes of a question."""

    rewrites: Sequence[Rewrite] = ()
    links: Sequence[Link] = ()
    rounds: Sequence[Mapping[str, Json]] = field(default=())  # what each step did, for the trace
    skipped: str | None = None  # why there is nothing


class Look(Protocol):
    """The search that a question is translated for."""

    @property
    def question(self) -> str: ...

    @property
    def vector(self) -> NDArray[np.float32]:
        """Of the question, unit length."""
        ...

    def leaders(self, count: int) -> Sequence[Leader]:
        """The first passages that the question finds."""
        ...

    def leaders_of(self, rewrite: Rewrite, count: int) -> Sequence[Leader]:
        """The first passages that another query finds."""
        ...

    def rarity(self, terms: Sequence[str]) -> Mapping[str, float]:
        """The idf of terms in the collection."""
        ...

    def passage_vector(self, text: str) -> NDArray[np.float32]:
        """Of a text that is written like a passage, unit length."""
        ...

    def linked(self, leader: Leader) -> Sequence[Leader]:
        """Passages whose headings or document the leader's text names, in the order in which it does."""
        ...
