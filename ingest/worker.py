"""The worker: runs ingest jobs, keeps index generations compact and looks after jobs whose worker died.

One worker of a name runs at a time, held by a lock on a file: two processes under one name would each "recover" what
the other is doing.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from dbos import DBOS, DBOSPortableJSONSerializer

from ingest import recovery
from ingest.jobs import JOB_VERSION, QUEUE, WORKFLOW, JobQueue
from ingest.maintenance import Maintenance
from ingest.pipeline import IngestTools, ingest_document
from retrieval.errors import Conflict, DocumentRejected, NotFound, StorageFull, UnsupportedFile
from retrieval.store import documents, revisions
from retrieval.store.documents import Document

_LOGGER = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# How long a starting worker waits for a predecessor of its name to let go of the lock.
LOCK_PATIENCE_SECONDS = 15.0
_PAUSE_ON_FULL_DISK_SECONDS = 15.0
_SUSPECT_STRIDE = 8


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker is run."""

    name: str
    database_url: str
    locks: Path
    concurrency: int  # documents ingested side by side; the embedder is shared between them
    poll_seconds: float = 0.2


class Worker:
    """Runs jobs until it is told to stop."""

    def __init__(self, tools: IngestTools, maintenance: Maintenance, jobs: JobQueue, settings: WorkerSettings) -> None:
        self._tools = tools
        self._maintenance = maintenance
        self._jobs = jobs
        self._settings = settings
        self._suspects = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set. Raises `Conflict` if a worker of this name is running already."""
        with _lock(self._settings.locks, self._settings.name):
            recovery.beat(self._tools.database, self._settings.name, os.getpid())
            threading.Thread(target=self._heartbeat, args=(stop,), name="heartbeat", daemon=True).start()
            self._launch()
            _LOGGER.info("Worker %s is ready.", self._settings.name)
            try:
                while not stop.wait(1.0):
                    self._maintenance.tick()
            finally:
                # Jobs that are running go on at their next start where they are now: every stage is resumable.
                DBOS.destroy(workflow_completion_timeout_sec=5)
                recovery.leave(self._tools.database, self._settings.name)

    def _launch(self) -> None:
        DBOS(
            config={
                "name": "scholiast",
                "system_database_url": self._settings.database_url,
                "executor_id": self._settings.name,
                "application_version": JOB_VERSION,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "ERROR",
            }
        )

        def run_job(document_id: str, revision_key: int) -> None:
            self._ingest(document_id, revision_key)

        # Our own count decides when to give up on a file; DBOS's only has to be higher than any number of restarts.
        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=1_000_000)(run_job)
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._settings.concurrency,
            polling_interval_sec=self._settings.poll_seconds,
            on_conflict="always_update",
        )

    def _ingest(self, document_id: str, revision_key: int) -> None:
        """One job: ends with the revision ready, failed with a reason, or gone."""
        while not self._attempt(document_id, revision_key):
            pass

    def _attempt(self, document_id: str, revision_key: int) -> bool:
        """One try at the job; True when the job is over."""
        try:
            with self._alone_if_suspect(document_id) as tools:
                document = self._begin(document_id, revision_key)
                if document is not None:
                    ingest_document(tools, document)
        except NotFound:
            return True  # deleted meanwhile
        except DocumentRejected as rejection:
            self._fail(revision_key, rejection.code, rejection.detail)
            return True
        except UnsupportedFile as refusal:
            self._fail(revision_key, "unsupported_file", refusal.detail)
            return True
        except StorageFull:
            _LOGGER.warning("The disk is full; ingest waits until there is room.")
            time.sleep(_PAUSE_ON_FULL_DISK_SECONDS)
            return False
        except Exception:
            # The edge of the job: whatever it was, it is tried again, and given up after MAX_ATTEMPTS.
            _LOGGER.exception("Ingest of document %s stopped unexpectedly.", document_id)
            time.sleep(1.0)
            return False
        return True

    @contextmanager
    def _alone_if_suspect(self, document_id: str) -> Iterator[IngestTools]:
        """Lets a document whose last attempt got nowhere run with no other such beside it, in small steps.

        When a worker dies, everything it was doing is suspect. One at a time, the innocent soon get somewhere, which
        clears them, and only the one that brings the worker down reaches MAX_ATTEMPTS.
        """
        with self._tools.database.read() as connection:
            suspect = documents.get(connection, document_id).attempts > 0
        if not suspect:
            yield self._tools
            return
        with self._suspects:
            yield replace(self._tools, stride=_SUSPECT_STRIDE)

    def _begin(self, document_id: str, revision_key: int) -> Document | None:
        """The document, this attempt counted; None if there is nothing left to do for this revision."""
        with self._tools.database.write() as connection:
            document = documents.get(connection, document_id)
            if document.revision_key != revision_key or document.status in ("ready", "failed"):
                return None  # a newer revision has a job of its own
            attempt = revisions.begin_attempt(connection, revision_key)
        if attempt > MAX_ATTEMPTS:
            raise DocumentRejected(
                "gave_up",
                f"Processing stopped {MAX_ATTEMPTS} times at the same place without a reason that could be found. "
                "Convert the file to another format, or split it, and upload it again.",
            )
        return document

    def _fail(self, revision_key: int, code: str, detail: str) -> None:
        try:
            with self._tools.database.write() as connection:
                revisions.fail(connection, revision_key, code, detail)
        except NotFound:
            _LOGGER.info("A document was deleted before its failure could be noted.")

    def _heartbeat(self, stop: threading.Event) -> None:
        """A thread of its own: a long parse must not look like death."""
        while not stop.wait(recovery.HEARTBEAT_SECONDS):
            try:
                recovery.beat(self._tools.database, self._settings.name, os.getpid())
            except Exception:  # the next beat may succeed; dying here would hand our jobs to others while we run
                _LOGGER.exception("A heartbeat could not be written.")


@contextmanager
def _lock(folder: Path, name: str) -> Iterator[None]:
    """Holds the lock of a worker's name; raises `Conflict` if another process keeps holding it."""
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    with (folder / f"{name}.lock").open("w") as file:
        while not _locked(file):
            if time.monotonic() > deadline:
                raise Conflict(f"A worker named '{name}' is running already; give this one another --name.")
            time.sleep(0.2)
        yield


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
