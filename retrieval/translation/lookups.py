"""The search behind a translation: what further queries find, each looked up once, and the passages it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.candidates import parts
from retrieval.indexes import sparse
from retrieval.recall import Candidates, Masks, Query, recall
from retrieval.snapshot import Snapshot
from retrieval.translation.links import named
from retrieval.translation.looking import Leader, Rewrite
from retrieval.types import Chunk, Embedder

Lists = Mapping[str, Candidates]


@dataclass(frozen=True, slots=True)
class Searching:
    """What a search works with once its question was looked for."""

    snapshot: Snapshot
    masks: Masks
    embedder: Embedder
    depth: int  # of each list
    read: Callable[[Sequence[int]], Mapping[int, Chunk]]  # the chunks that are still visible, by key
    order: Callable[[Query, Lists], Sequence[int]]  # chunk keys of the lists, best first


class Lookups:
    """A `Look` over one search; for one thread."""

    def __init__(self, query: Query, order: Sequence[int], searching: Searching) -> None:
        """`order` has the chunks that the question found, best first."""
        self._query = query
        self._order = order
        self._searching = searching
        self._found: dict[int, Lists] = {}  # by identity of the rewrite
        self._kept: list[Rewrite] = []  # so that no identity comes twice

    @property
    def question(self) -> str:
        return self._query.text

    @property
    def vector(self) -> NDArray[np.float32]:
        return self._query.vector

    def passage_vector(self, text: str) -> NDArray[np.float32]:
        """The vector of a text that is written like a passage."""
        vector: NDArray[np.float32] = self._searching.embedder.embed_passages([text])[0]
        return vector

    def leaders(self, count: int) -> Sequence[Leader]:
        return self._leaders(self._order[:count])

    def leaders_of(self, rewrite: Rewrite, count: int) -> Sequence[Leader]:
        found = self.lists(rewrite)
        return self._leaders(self._searching.order(self._asked(rewrite), found)[:count])

    def lists(self, rewrite: Rewrite) -> Lists:
        """What every retriever finds for the rewrite."""
        if id(rewrite) not in self._found:
            searching = self._searching
            found = recall(self._asked(rewrite), searching.snapshot, searching.masks, searching.depth)
            self._found[id(rewrite)] = found
            self._kept.append(rewrite)
        return self._found[id(rewrite)]

    def rarity(self, terms: Sequence[str]) -> Mapping[str, float]:
        snapshot = self._searching.snapshot
        return sparse.rarity([segment.sparse for segment in snapshot.segments], snapshot.alive, terms)

    def linked(self, leader: Leader) -> Sequence[Leader]:
        searching = self._searching
        own = terms(" ".join(leader.headings))
        keys = named(leader.text, searching.snapshot, searching.masks, self._query.vector, own)
        return self._leaders([key for key in keys if key != leader.key])

    def _asked(self, rewrite: Rewrite) -> Query:
        if rewrite.vector is not None:
            return replace(self._query, text=rewrite.text, terms=(), vector=rewrite.vector)
        vector = self._searching.embedder.embed_query(rewrite.text)
        return replace(self._query, text=rewrite.text, terms=terms(rewrite.text), vector=vector)

    def _leaders(self, keys: Sequence[int]) -> Sequence[Leader]:
        chunks = self._searching.read(keys)
        kept = [key for key in keys if key in chunks]
        vectors = np.zeros((len(kept), len(self._query.vector)), dtype=np.float32)
        for part in parts(self._searching.snapshot, np.array(kept, dtype=np.int64)):
            segment = part.segment
            places = np.searchsorted(segment.vector_rows, part.rows)
            held = (
                np.flatnonzero(segment.vector_rows[np.minimum(places, len(segment.vector_rows) - 1)] == part.rows)
                if len(segment.vector_rows)
                else np.zeros(0, dtype=np.int64)
            )
            if len(held):
                vectors[part.candidates[held]] = segment.dense.vectors(places[held])
        return [Leader(key, chunks[key].headings, chunks[key].text, vectors[place]) for place, key in enumerate(kept)]
