"""Ingest goes first: people wait for a document, nobody waits for what is made of it in the background."""

import threading

from retrieval.store import documents
from retrieval.store.database import Database

_POLL_SECONDS = 1.0


def ingest_waits(database: Database) -> bool:
    """Whether a document is queued or being processed."""
    with database.read() as connection:
        return documents.any_unfinished(connection)


def may_go_on(database: Database, stop: threading.Event) -> bool:
    """Waits until no ingest waits; False if `stop` was set first."""
    while ingest_waits(database):
        if stop.wait(_POLL_SECONDS):
            break
    return not stop.is_set()
