"""What a search sees of a collection: the active generation, small segments for what came since, minus what went.

Snapshots are immutable and shared by all searches; following the change log makes the next one. So a search never
waits for the writer, and a document is found, or gone, from the moment its transaction committed.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from retrieval.errors import IndexDamaged
from retrieval.generation_files import GenerationFiles
from retrieval.indexes import collection_tree, segment
from retrieval.indexes.collection_tree import CollectionTree
from retrieval.indexes.segment import Segment
from retrieval.memory import return_free_blocks
from retrieval.store import changes, chunks, collection_nodes, collections, generations, models, ranker_versions
from retrieval.store.database import Database
from retrieval.store.generations import Generation

_LOGGER = logging.getLogger(__name__)
# Fresh segments are searched one by one; past so many they are indexed again as one.
MAX_FRESH_SEGMENTS = 8
# Chunks from which on opening an index leaves so much memory in pieces (87 MiB of 29,000 chunks) that looking for it,
# some 20 ms, pays.
_LARGE = 5_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Some segments and, for each, which of its rows are alive. `fresh` are the revisions outside the generation."""

    change_number: int
    generation: Generation | None
    segments: tuple[Segment, ...]
    alive: tuple[NDArray[np.bool_], ...]  # one mask [chunks] a segment
    fresh: frozenset[int]
    model_id: str  # of all vectors in it; a query must be embedded by the same
    above: CollectionTree  # over the documents of the collection
    ranker_version: int | None = None  # row key of the collection's own ranker; None: the one that ships orders

    @property
    def chunk_count(self) -> int:
        """Chunks that a search can find."""
        return sum(int(np.count_nonzero(mask)) for mask in self.alive)

    def allowed(self, revision_keys: Sequence[int] | None) -> tuple[NDArray[np.bool_], ...]:
        """The masks narrowed to some revisions; None narrows nothing."""
        if revision_keys is None:
            return self.alive
        wanted = np.array(revision_keys, dtype=np.int64)
        return tuple(
            mask & np.isin(part.revision_keys, wanted) for part, mask in zip(self.segments, self.alive, strict=True)
        )


class _Replaced(Exception):
    """The index that was looked up is gone because there is a newer one."""


class Snapshots:
    """The latest snapshot of every collection that was asked for."""

    def __init__(self, database: Database, files: GenerationFiles, model_id: str | None = None) -> None:
        """`model_id` fixes the embedding model; without it the snapshots are of the one that answers."""
        self._database = database
        self._files = files
        self._model_id = model_id
        self._latest: dict[str, Snapshot] = {}
        self._lock = threading.Lock()

    def latest(self, collection: str) -> Snapshot:
        """The collection as the database has it now; raises `NotFound` for an unknown collection."""
        with self._database.read() as connection:
            known = self._latest.get(collection)
            number, model_id = changes.latest(connection, collection), self._model(connection)
            same = known is not None and known.change_number == number
            if known is not None and same:
                collections.get(connection, collection)
                if known.model_id == model_id:
                    return known
        # Where only the model changed, nobody waits for the thread that opens the other's index: what is known is
        # whole, and of the model that answered a moment ago.
        if not self._lock.acquire(blocking=not same):
            assert known is not None
            return known
        try:
            return self._follow(collection)
        finally:
            self._lock.release()

    def _follow(self, collection: str) -> Snapshot:
        # The lock is held: a second thread that waited here finds the work done.
        while True:
            with suppress(_Replaced):
                return self._read(collection)

    def _read(self, collection: str) -> Snapshot:
        with self._database.read() as connection:
            collections.get(connection, collection)
            number = changes.latest(connection, collection)
            model_id = self._model(connection)
            known = self._latest.get(collection)
            generation = generations.newest(connection, collection, model_id)
            if (
                known is None
                or known.model_id != model_id
                or (generation is not None and known.generation != generation)
            ):
                known = self._open(connection, collection, generation, model_id)
                if known.chunk_count >= _LARGE:
                    return_free_blocks()
            if known.change_number < number:
                known = self._advance(connection, collection, known, number)
            version = ranker_versions.active_key(connection, collection)
            if known.ranker_version != version:
                known = replace(known, ranker_version=version)
        self._latest[collection] = known
        return known

    def _model(self, connection: Connection) -> str:
        return self._model_id or models.active(connection).model_id

    def _open(self, connection: Connection, collection: str, generation: Generation | None, model_id: str) -> Snapshot:
        """Starts from the generation's files or, without sound ones, from the rows in the database."""
        if generation is not None:
            try:
                loaded = self._files.load(generation)
            except IndexDamaged as damage:
                if self._is_replaced(generation):
                    raise _Replaced from damage
                _LOGGER.warning("Index of collection %s: %s It is rebuilt from the database.", collection, damage)
                # The reading transaction must not wait for the writing one.
                threading.Thread(target=self._withdraw, args=(generation.key,)).start()
            else:
                every = np.ones(len(loaded.chunk_keys), dtype=np.bool_)
                above = _above(connection, collection, model_id)
                return Snapshot(generation.change_number, generation, (loaded,), (every,), frozenset(), model_id, above)
        rows = chunks.index_rows(connection, collection, model_id)
        every = np.ones(len(rows.chunk_keys), dtype=np.bool_)
        fresh = frozenset(rows.revision_keys.tolist())
        number = changes.latest(connection, collection)
        above = _above(connection, collection, model_id)
        return Snapshot(number, None, (segment.from_rows(rows),), (every,), fresh, model_id, above)

    def _is_replaced(self, generation: Generation) -> bool:
        """Whether a worker has published another, and swept this one away, since it was looked up."""
        with self._database.read() as now:
            newest = generations.newest(now, generation.collection, generation.model_id)
        return newest is not None and newest.key != generation.key

    def _withdraw(self, generation_key: int) -> None:
        with self._database.write() as connection:
            generations.withdraw(connection, generation_key)

    def _advance(self, connection: Connection, collection: str, known: Snapshot, number: int) -> Snapshot:
        """Adds a segment for the revisions that came, and masks those that went."""
        news = changes.since(connection, collection, known.change_number)
        gone = {change.revision_key for change in news if change.kind == "removed"}
        came = {change.revision_key for change in news if change.kind == "added"} - gone
        fresh = (known.fresh | came) - gone
        base = known.segments[:1] if known.generation is not None else ()
        if len(known.segments) > MAX_FRESH_SEGMENTS:
            # Everything outside the generation, indexed as one.
            parts = [*zip(base, known.alive, strict=False)]
            came = set(fresh)
        else:
            parts = [*zip(known.segments, known.alive, strict=True)]
        # A revision that came again has been enriched: its earlier rows give way to the new ones.
        dead = np.array(sorted(gone | came), dtype=np.int64)
        segments = [part for part, _ in parts]
        alive = [mask & ~np.isin(part.revision_keys, dead) for part, mask in parts]
        if came:
            rows = chunks.index_rows(connection, collection, known.model_id, sorted(came))
            segments.append(segment.from_rows(rows))
            alive.append(np.ones(len(rows.chunk_keys), dtype=np.bool_))
        if any(change.kind == "tree" for change in news):
            above = _above(connection, collection, known.model_id)
        else:
            above = known.above.without(gone)
        return Snapshot(number, known.generation, tuple(segments), tuple(alive), fresh, known.model_id, above)


def _above(connection: Connection, collection: str, model_id: str) -> CollectionTree:
    return collection_tree.build(collection_nodes.index_rows(connection, collection, model_id))
