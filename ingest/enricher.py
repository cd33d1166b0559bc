"""The worker's thread that enriches documents while no ingest job waits. The database is its queue.

One runs a data folder at a time, held by a file lock; a second worker only ingests. What a worker was doing when it
died is done again; what brings it down twice is given up.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.enrichment import EnrichmentTools, asks_for_more, enrich_document
from ingest.file_lock import held
from ingest.model_on_demand import ModelOnDemand
from ingest.step_gate import POLL_SECONDS, EnrichmentStopped, ingest_waits, pass_gate
from retrieval import failpoints
from retrieval.errors import StorageFull
from retrieval.store import enrichment
from retrieval.store.database import Database
from retrieval.store.enrichment import EnrichmentTask

_LOGGER = logging.getLogger(__name__)
_TASKS = 32
_PAUSE_ON_FULL_DISK_SECONDS = 15.0


class Enricher:
    """Takes visible revisions that wait for enrichment, oldest first."""

    def __init__(
        self,
        database: Database,
        count_tokens: Callable[[Sequence[str]], Sequence[int]],
        embed: Callable[[Sequence[str]], NDArray[np.float32]],
        model_id: str,
        lock: Path,
        language_model: ModelOnDemand | None = None,
    ) -> None:
        self._database = database
        self._count_tokens = count_tokens
        self._embed = embed
        self._model_id = model_id
        self._lock = lock
        self._language_model = language_model

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set; returns at the end of the step it is in."""
        with held(self._lock, stop) as mine:
            while mine and not stop.wait(POLL_SECONDS):
                try:
                    self.enrich_waiting(stop)
                    self._release_model()
                except StorageFull:
                    _LOGGER.warning("The disk is full; enrichment waits until there is room.")
                    stop.wait(_PAUSE_ON_FULL_DISK_SECONDS)
                except Exception:  # the edge of the thread: it must outlive a busy database
                    _LOGGER.exception("Enrichment was interrupted; it goes on in a moment.")

    def enrich_waiting(self, stop: threading.Event) -> None:
        """Enriches what waits now. A document that cannot be enriched is noted as failed and stays searchable.

        Raises `StorageFull`, which is none of the document's doing: it goes on waiting.
        """
        while not stop.is_set() and not ingest_waits(self._database):
            with self._database.read() as connection:
                tasks = enrichment.waiting(connection, _TASKS)
            if not tasks:
                return
            # Most collections ask for the text alone: their documents are done together, at once.
            plain = [task for task in tasks if task.settings.get("enrichment") != "off" and not asks_for_more(task)]
            with self._database.write() as connection:
                finished = enrichment.finish_plain(connection, plain)
            for task in tasks:
                if task.revision_key not in finished:
                    self._enrich(task, stop)

    def _enrich(self, task: EnrichmentTask, stop: threading.Event) -> None:
        if task.settings.get("enrichment") == "off":
            with self._database.write() as connection:
                enrichment.finish(connection, [task.revision_key], "off")
            return
        with self._database.write() as connection:
            if not enrichment.begin(connection, task):
                return
        failpoints.reached("enrich.begun")
        try:
            enrich_document(self._tools(task, stop), task)
        except EnrichmentStopped:
            self._put_back(task)
        except StorageFull:
            with suppress(StorageFull):  # then it counts as one attempt that broke off
                self._put_back(task)
            raise
        except Exception:
            # The edge of the task: whatever it was concerns this document alone.
            _LOGGER.exception("Document %s could not be enriched.", task.document_id)
            with self._database.write() as connection:
                enrichment.finish(connection, [task.revision_key], "failed", "Enrichment broke off; see the log.")

    def _put_back(self, task: EnrichmentTask) -> None:
        with self._database.write() as connection:
            enrichment.finish(connection, [task.revision_key], "waiting")

    def _tools(self, task: EnrichmentTask, stop: threading.Event) -> EnrichmentTools:
        return EnrichmentTools(
            self._database,
            self._count_tokens,
            self._embed,
            self._model_id,
            go_first=lambda: pass_gate(self._database, task, stop, self._release_model),
            language_model=self._language_model,
            cancelled=stop.is_set,
        )

    def _release_model(self) -> None:
        if self._language_model is not None:
            self._language_model.release_if_idle()
