"""The worker's thread that keeps a second embedding model beside the one that answers, and changes over to it.

A wanted model embeds everything that is visible and then takes the place of the one that answers
(`ingest/changeover.py`). That one is kept and goes on embedding what comes, so that a rollback finds it complete.
Every step looks in the database for what is missing, so a killed worker's successor goes on where it was. One worker
of a data folder does this, held by a file lock.
"""

import logging
import threading
from pathlib import Path

import numpy as np

from ingest.changeover import ChangeOver
from ingest.file_lock import held
from ingest.precedence import may_go_on
from retrieval import failpoints
from retrieval.embedders import Embedders
from retrieval.errors import Conflict, ModelUnavailable, StorageFull
from retrieval.generation_files import GenerationFiles
from retrieval.store import changes, chunks, models, reembedding
from retrieval.store.database import Database
from retrieval.store.models import EmbeddingModel
from retrieval.store.reembedding import CARRIERS, Carrier

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_PAUSE_ON_FULL_DISK_SECONDS = 15.0
# Rows embedded at a time: a crash loses at most these, and a document that arrives waits for no more.
STRIDE = 64


class Reembedder:
    """Does what the roles of the models ask for."""

    def __init__(self, database: Database, files: GenerationFiles, embedders: Embedders, lock: Path) -> None:
        self._database = database
        self._files = files
        self._embedders = embedders
        self._lock = lock
        self._change_over = ChangeOver(database, files, embedders)
        self._complete: dict[str, int] = {}  # model id -> change up to which it has embedded everything
        self._used: frozenset[str] | None = None  # the models that were in use in the last round

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set; returns at the end of the step it is in."""
        with held(self._lock, stop) as mine:
            while mine and not stop.wait(_POLL_SECONDS):
                try:
                    self.advance(stop)
                except StorageFull:
                    _LOGGER.warning("The disk is full; embedding for another model waits until there is room.")
                    stop.wait(_PAUSE_ON_FULL_DISK_SECONDS)
                except Conflict as reason:
                    _LOGGER.info("%s", reason.detail)
                except Exception:  # the edge of the thread: it must outlive a busy database
                    _LOGGER.exception("Embedding for another model was interrupted; it goes on in a moment.")

    def advance(self, stop: threading.Event) -> None:
        """One round: embeds what any model in use lacks and, where one is wanted and complete, changes over to it."""
        self._embedders.follow()
        with self._database.read() as connection:
            found = models.listed(connection)
        self._follow(frozenset(model.model_id for model in found), stop)
        for model in found:
            if model.problem is not None or not may_go_on(self._database, stop):
                continue
            try:
                if self._embed_missing(model, stop) and model.role == "wanted":
                    self._change_over.advance(model, lambda: may_go_on(self._database, stop))
            except ModelUnavailable as failure:  # the log has it from `follow`; the command shows it
                with self._database.write() as connection:
                    models.stop(connection, model.model_id, failure.detail)

    def _embed_missing(self, model: EmbeddingModel, stop: threading.Event) -> bool:
        """Whether the model has now embedded all that is visible."""
        with self._database.read() as connection:
            number = changes.newest(connection)
            if self._complete.get(model.model_id) == number:
                return True
            total = reembedding.visible(connection)
            done = total - reembedding.remaining(connection, model.model_id)
        if done < total:
            for carrier in CARRIERS:
                after = 0
                while keys := self._embed_stride(model, carrier, after, (done, total)):
                    after, done = keys[-1], done + len(keys)
                    if not may_go_on(self._database, stop):
                        return False
            failpoints.reached("reembed.embedded")
        self._complete[model.model_id] = number
        return True

    def _embed_stride(
        self, model: EmbeddingModel, carrier: Carrier, after: int, progress: tuple[int, int]
    ) -> list[int]:
        """Embeds the next rows and gives their keys."""
        done, total = progress
        with self._database.read() as connection:
            rows = reembedding.unembedded(connection, model.model_id, carrier, STRIDE, after)
            texts = list(dict.fromkeys(text for row in rows for text in row.texts))
            vectors = chunks.known_vectors(connection, texts, model.model_id)
        if missing := [text for text in texts if text not in vectors]:
            made = self._embedders[model.model_id].embed_passages(missing).astype(np.float16)
            vectors |= dict(zip(missing, made, strict=True))
        keys = [row.key for row in rows]
        if keys:
            with self._database.write() as connection:
                reembedding.store(connection, model.model_id, carrier, keys, vectors)
                models.note(connection, model.model_id, "embed", done + len(keys), total)
            failpoints.reached("reembed.stride")
        return keys

    def _follow(self, used: frozenset[str], stop: threading.Event) -> None:
        """When a model came or was given up: begins anew, and removes what such a one left behind."""
        if used == self._used:
            return
        self._complete = {}
        self._change_over = ChangeOver(self._database, self._files, self._embedders)
        removed = 0
        while may_go_on(self._database, stop):
            with self._database.write() as connection:
                some = reembedding.purge(connection)
            failpoints.reached("reembed.purged")
            if not some:
                self._files.sweep(self._database)
                self._used = used
                break
            removed += some
        if removed:
            _LOGGER.info("Removed %d vectors of models that are no longer in use.", removed)
