"""Which ranker orders a search: the collection's own active version, or the one that ships.

A snapshot says which version is active, so a search has one from its beginning to its end, and the next search has
another as soon as somebody let it go live or rolled it back: no restart, nothing to wait for.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from retrieval.candidates import CandidateTable
from retrieval.errors import ModelUnavailable
from retrieval.ranking import Ranked, Ranker
from retrieval.store import ranker_versions
from retrieval.store.database import Database

_LOGGER = logging.getLogger(__name__)


class CandidateRanker(Protocol):
    """Puts candidates in their final order, the first `explained` with the reasons."""

    name: str

    def suits(self, model_id: str) -> bool: ...

    def rank(self, keys: Sequence[int], table: CandidateTable, explained: int) -> Sequence[Ranked]: ...


class Rankers:
    """The rankers that were asked for; immutable ones, so that any number of threads may use them."""

    def __init__(self, database: Database, shipped: CandidateRanker) -> None:
        self._database = database
        self._shipped = shipped
        self._own: dict[int, CandidateRanker] = {}

    def serving(self, version: int | None, model_id: str) -> CandidateRanker | None:
        """The ranker of a version, by its row key, or the one that ships; None if neither knows these cosines."""
        own = [] if version is None else [self._load(version)]
        return next((ranker for ranker in (*own, self._shipped) if ranker.suits(model_id)), None)

    def _load(self, version: int) -> CandidateRanker:
        if version not in self._own:
            self._own[version] = self._read(version)
        return self._own[version]

    def _read(self, version: int) -> CandidateRanker:
        with self._database.read() as connection:
            row, text = ranker_versions.by_key(connection, version), ranker_versions.model(connection, version)
        if row is None or text is None:
            return self._shipped  # its collection was deleted a moment ago
        try:
            return stored_ranker(row.collection, row.number, row.embedder, text)
        except ModelUnavailable as refused:
            # A version of another Scholiast: searching goes on with the ranker that came with this one.
            _LOGGER.warning("Collection %s: %s The ranker that ships orders instead.", row.collection, refused.detail)
            return self._shipped


def stored_ranker(collection: str, number: int, embedder: str, text: str) -> Ranker:
    """A version as a ranker named after it. Raises `ModelUnavailable` if this version lacks one of its features."""
    return Ranker(Path(f"{collection}@{number}"), embedder, text)
