"""What enrichment passes between any two steps: ingest goes first, and what is no longer wanted ends there."""

import threading
from collections.abc import Callable

from retrieval.store import documents, enrichment
from retrieval.store.database import Database
from retrieval.store.enrichment import EnrichmentTask

POLL_SECONDS = 1.0


class EnrichmentStopped(Exception):
    """The document is gone, paused or wanted otherwise, or the worker is about to end; nothing was published."""


def ingest_waits(database: Database) -> bool:
    """Whether documents wait to become searchable."""
    with database.read() as connection:
        return documents.any_unfinished(connection)


def pass_gate(
    database: Database, task: EnrichmentTask, stop: threading.Event, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Returns when the next step of the task may begin; raises `EnrichmentStopped` when there shall be none.

    `meanwhile` is called now and then while ingest goes first.
    """
    while ingest_waits(database):
        meanwhile()
        if stop.wait(POLL_SECONDS):
            break
    with database.read() as connection:
        goes_on = enrichment.goes_on(connection, task)
    if stop.is_set() or not goes_on:
        raise EnrichmentStopped
