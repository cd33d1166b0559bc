"""Ingest goes first: people wait for a document, nobody waits for what is made of it in the background."""

import threading
from collections.abc import Callable

from retrieval.store import documents
from retrieval.store.database import Database

POLL_SECONDS = 1.0


class EnrichmentStopped(Exception):
    """The document is gone, paused or wanted otherwise, or the worker is about to end; nothing was published."""


def ingest_waits(database: Database) -> bool:
    """Whether a document is queued or being processed."""
    with database.read() as connection:
        return documents.any_unfinished(connection)


def may_go_on(database: Database, stop: threading.Event, meanwhile: Callable[[], None] = lambda: None) -> bool:
    """Waits until no ingest waits, calling `meanwhile` now and then; False if `stop` was set first."""
    while ingest_waits(database):
        meanwhile()
        if stop.wait(POLL_SECONDS):
            break
    return not stop.is_set()
