"""The worker: runs ingest jobs, keeps index generations compact and looks after jobs whose worker died.

One worker of a name runs at a time, held by a lock on a file: two processes under one name would each "recover" what
the other is doing.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from dbos import DBOS, DBOSPortableJSONSerializer

from ingest import recovery
from ingest.file_lock import try_lock
from ingest.jobs import JOB_VERSION, QUEUE, WORKFLOW, JobQueue
from ingest.maintenance import Maintenance
from ingest.pipeline import IngestTools, ingest_documents
from ingest.suspects import SuspectTurns
from retrieval import failpoints
from retrieval.errors import Conflict, StorageFull
from retrieval.store import documents, revisions
from retrieval.store.database import Database
from retrieval.store.documents import Document

_LOGGER = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# How long a starting worker waits for a predecessor of its name to let go of the lock.
LOCK_PATIENCE_SECONDS = 15.0
_PAUSE_ON_FULL_DISK_SECONDS = 15.0
_SUSPECT_STRIDE = 8
_GAVE_UP = (
    f"Processing stopped {MAX_ATTEMPTS} times at the same place without a reason that could be found. "
    "Convert the file to another format, or split it, and upload it again."
)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker is run."""

    name: str
    database_url: str
    locks: Path
    concurrency: int  # documents ingested side by side; the embedder is shared between them
    poll_seconds: float = 0.2


class Background(Protocol):
    """Work that a worker does beside its jobs, in a thread of its own."""

    def run(self, stop: threading.Event) -> None: ...


class Worker:
    """Runs jobs until it is told to stop."""

    def __init__(
        self,
        database: Database,
        tools: Callable[[], IngestTools],
        background: Sequence[Background],
        maintenance: Maintenance,
        jobs: JobQueue,
        settings: WorkerSettings,
    ) -> None:
        """`tools` gives those with the embedding model that answers now; `background` is run beside the jobs."""
        self._database = database
        self._tools = tools
        self._background = background
        self._maintenance = maintenance
        self._jobs = jobs
        self._settings = settings
        self._suspects = SuspectTurns()

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set. Raises `Conflict` if a worker of this name is running already."""
        with _lock(self._settings.locks, self._settings.name):
            recovery.beat(self._database, self._settings.name, os.getpid())
            threading.Thread(target=self._heartbeat, args=(stop,), name="heartbeat", daemon=True).start()
            self._launch()
            for task in self._background:
                threading.Thread(target=task.run, args=(stop,), name=type(task).__name__, daemon=True).start()
            _LOGGER.info("Worker %s is ready.", self._settings.name)
            try:
                while not stop.wait(1.0):
                    self._maintenance.tick(self._settings.name)
            finally:
                # Jobs that are running go on at their next start where they are now: every stage is resumable.
                DBOS.destroy(workflow_completion_timeout_sec=5)
                recovery.leave(self._database, self._settings.name)

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

        def run_job(job: Sequence[tuple[str, int]]) -> None:
            self._ingest(job)

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

    def _ingest(self, job: Sequence[tuple[str, int]]) -> None:
        """One job, given as (document, revision key): ends with each revision ready, failed with a reason, or gone.

        When a worker dies or an attempt breaks off, everything it was doing is suspect. One at a time and in small
        steps, the innocent soon get somewhere, which clears them, and only the one that brings the worker down reaches
        MAX_ATTEMPTS.
        """
        while waiting := self._waiting(job):
            if fresh := [document for document in waiting if document.attempts == 0]:
                self._attempt(fresh)
            for suspect in sorted(waiting, key=lambda document: document.attempts):
                if suspect.attempts > 0:
                    with self._suspects.turn(suspect.attempts, suspect.revision_key):
                        self._attempt([suspect], stride=_SUSPECT_STRIDE)

    def _waiting(self, job: Sequence[tuple[str, int]]) -> Sequence[Document]:
        """What is left to do; a revision that was replaced or deleted is not, its successor has a job of its own."""
        keys = dict(job)
        with self._database.read() as connection:
            found = documents.get_many(connection, list(keys))
        return [
            document
            for document in found
            if document.revision_key == keys[document.id] and document.status in ("queued", "processing")
        ]

    def _attempt(self, waiting: Sequence[Document], stride: int | None = None) -> None:
        """One try at the documents."""
        try:
            tools = self._tools()
            tools = replace(tools, stride=stride or tools.stride)
            permitted = self._begin(waiting)
            failpoints.reached("ingest.begun")
            while permitted and not _ingested(tools, permitted):
                # None of the documents' doing: it costs them no attempt.
                _LOGGER.warning("The disk is full; ingest waits until there is room.")
                time.sleep(_PAUSE_ON_FULL_DISK_SECONDS)
        except Exception:
            # The edge of the job: whatever it was, it is tried again, and given up after MAX_ATTEMPTS.
            _LOGGER.exception("Ingest stopped unexpectedly at %s.", ", ".join(document.id for document in waiting))
            time.sleep(1.0)

    def _begin(self, waiting: Sequence[Document]) -> Sequence[Document]:
        """Counts the attempt; gives the documents that have not used up theirs."""
        with self._database.write() as connection:
            attempts = revisions.begin_attempts(connection, [document.revision_key for document in waiting])
            for key, count in attempts.items():
                if count > MAX_ATTEMPTS:
                    revisions.fail(connection, key, "gave_up", _GAVE_UP)
        return [document for document in waiting if 0 < attempts.get(document.revision_key, 0) <= MAX_ATTEMPTS]

    def _heartbeat(self, stop: threading.Event) -> None:
        """A thread of its own: a long parse must not look like death."""
        while not stop.wait(recovery.HEARTBEAT_SECONDS):
            try:
                recovery.beat(self._database, self._settings.name, os.getpid())
            except Exception:  # the next beat may succeed; dying here would hand our jobs to others while we run
                _LOGGER.exception("A heartbeat could not be written.")


def _ingested(tools: IngestTools, waiting: Sequence[Document]) -> bool:
    """False if the disk had no room for the rest."""
    try:
        ingest_documents(tools, waiting)
    except StorageFull:
        return False
    return True


@contextmanager
def _lock(folder: Path, name: str) -> Iterator[None]:
    """Holds the lock of a worker's name; raises `Conflict` if another process keeps holding it."""
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    with (folder / f"{name}.lock").open("w") as file:
        while not try_lock(file):
            if time.monotonic() > deadline:
                raise Conflict(f"A worker named '{name}' is running already; give this one another --name.")
            time.sleep(0.2)
        yield
