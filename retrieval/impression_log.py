"""Keeps what searches and answers showed, without making them wait: a thread of its own writes it down.

What cannot be written is dropped: a search is worth more than the memory of it.
"""

import logging
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from retrieval.errors import ScholiastError
from retrieval.store import impressions
from retrieval.store.database import Database
from retrieval.store.impressions import Impression, ImpressionKind, ShownHit
from retrieval.trace import Trace
from retrieval.types import Hit

_LOGGER = logging.getLogger(__name__)
# Impressions that may wait for the disk; beyond it they are dropped.
_WAITING = 1000
# Written together at most: one commit, and the disk is synced once.
_BATCH = 100
# Impressions written between two removals of those that are too old or empty.
_KEPT_WITHOUT_LOOKING = 100
_FLUSH_SECONDS = 5.0


class ImpressionLog:
    """Writes impressions in the background; keeps the newest `kept` of them, none if that is 0."""

    def __init__(self, database: Database, kept: int) -> None:
        self._database = database
        self._kept = kept
        self._waiting: queue.Queue[Impression | threading.Event | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._written = 0

    def note(self, shown: Impression) -> None:
        """Has it written down soon; returns at once, whatever happens."""
        if not self._kept:
            return
        self._start()
        try:
            self._waiting.put_nowait(shown)
        except queue.Full:
            _LOGGER.warning("Too much waits to be written; what a search showed is not kept.")

    def flush(self) -> None:
        """Returns once everything noted so far is written, or after some seconds."""
        if self._thread is None:
            return
        done = threading.Event()
        with suppress(queue.Full):  # the disk is far behind; what is asked for may not be there yet
            self._waiting.put(done, timeout=_FLUSH_SECONDS)
            done.wait(_FLUSH_SECONDS)

    def close(self) -> None:
        """Writes what waits, and ends."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="impressions", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = [self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            ended = None in batch
            self._write([item for item in batch if isinstance(item, Impression)])
            for item in batch:
                if isinstance(item, threading.Event):
                    item.set()

    def _write(self, shown: Sequence[Impression]) -> None:
        if not shown:
            return
        try:
            with self._database.write() as connection:
                impressions.add(connection, shown)
                self._written += len(shown)
                if self._written >= min(_KEPT_WITHOUT_LOOKING, self._kept):
                    self._written = 0
                    impressions.keep_newest(connection, self._kept)
        except ScholiastError as error:
            _LOGGER.warning("What %d searches showed is not kept: %s", len(shown), error.detail)
        except Exception:  # a thread's edge: a locked database must not end it
            _LOGGER.exception("What %d searches showed is not kept.", len(shown))


def impression_of(  # noqa: PLR0913, PLR0917 - the facts of one impression
    request_id: str,
    collection: str,
    kind: ImpressionKind,
    query: str,
    hits: Sequence[Hit],
    trace: Trace,
    explored: int = 0,
) -> Impression:
    """What a search or answer showed, the chunks in the order in which they were shown, beside what was computed."""
    names = next((tuple(hit.features) for hit in hits if hit.computed is None), ())
    return Impression(
        request_id,
        collection,
        kind,
        query,
        str(trace.recorded("rank", "ranker") or ""),
        names,
        explored,
        [
            ShownHit(position, hit.chunk.key, np.fromiter(hit.features.values(), np.float32, len(hit.features)))
            for position, hit in enumerate(hits, start=1)
            if hit.computed is None
        ],
    )
