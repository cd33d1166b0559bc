"""What `scholiast doctor --fix` does: each repair mends one thing without losing any, also while the service runs.

Whatever a repair removes can be made again from the database and the original files, or belongs to nothing.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbos import DBOS, DBOSPortableJSONSerializer

from app.wiring import Storage
from ingest import recovery
from ingest.jobs import JOB_VERSION
from retrieval.store import collection_trees, documents, enrichment, generations, graph, reembedding
from retrieval.store.generations import Generation

# Gives a sentence that says what was done.
Repair = Callable[[Storage], str]


@dataclass(frozen=True, slots=True)
class DropIndex:
    """Takes a generation out of service; a worker builds another from the database."""

    generation: Generation

    def __call__(self, storage: Storage) -> str:
        """Withdraws it; searches go on from the rows meanwhile."""
        with storage.database.write() as connection:
            generations.withdraw(connection, self.generation.key)
        shutil.rmtree(storage.files.folder / self.generation.folder, ignore_errors=True)
        return f"Dropped the index of collection {self.generation.collection}; the worker rebuilds it."


@dataclass(frozen=True, slots=True)
class ProcessAgain:
    """Gives a document a fresh revision of the same content; the old one stays visible until that is ready."""

    document_id: str

    def __call__(self, storage: Storage) -> str:
        """Queues it, unless it is queued already."""
        with storage.database.write() as connection:
            document = documents.get(connection, self.document_id)
            if document.status == "ready":
                storage.jobs.submit(connection, [documents.renew(connection, document)])
        return f"Queued document {self.document_id} ({document.name}) to be processed again."


@dataclass(frozen=True, slots=True)
class EnrichAgain:
    """Has what follows after a document is ready made anew; it answers meanwhile."""

    document_id: str

    def __call__(self, storage: Storage) -> str:
        """Has it wait for enrichment."""
        with storage.database.write() as connection:
            document = documents.get(connection, self.document_id)
            if document.active_revision is not None:
                enrichment.finish(connection, [document.active_revision], "waiting")
        return f"Document {self.document_id} ({document.name}) waits to be enriched again."


@dataclass(frozen=True, slots=True)
class RebuildCollectionTree:
    """Drops the tree over a collection; the documents' own trees are searched until a worker has made another."""

    collection: str

    def __call__(self, storage: Storage) -> str:
        """Drops its nodes, and has readers hear of it."""
        with storage.database.write() as connection:
            collection_trees.forget(connection, self.collection)
        return f"Dropped the tree over collection {self.collection}; the worker makes it anew."


@dataclass(frozen=True, slots=True)
class RebuildGraph:
    """Drops what documents gave to the graphs; a worker reads them again."""

    def __call__(self, storage: Storage) -> str:
        """Drops it, and has readers hear of it."""
        with storage.database.write() as connection:
            graph.clear(connection)
        return "Dropped the graphs of all collections; the worker makes them anew."


@dataclass(frozen=True, slots=True)
class DropForeignVectors:
    """Removes the vectors and indexes of models that are not in use; nothing could be compared with them anyway."""

    def __call__(self, storage: Storage) -> str:
        """Removes them; chunks that have no other vector are found by their words until a worker embeds them."""
        count = 0
        while True:
            with storage.database.write() as connection:
                removed = reembedding.purge(connection)
            if not removed:
                return f"Removed {count} vectors of models that are not in use."
            count += removed


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Brings documents and jobs together again."""

    def __call__(self, storage: Storage) -> str:
        """Runs the reconciler of the workers once."""
        with _job_records(storage.database.url):
            resubmitted, cancelled = recovery.reconcile(storage.database, storage.jobs)
        return f"Queued {len(resubmitted)} documents again, cancelled {len(cancelled)} jobs without a document."


@dataclass(frozen=True, slots=True)
class SweepOriginals:
    """Removes originals that no document names, and uploads that were never finished."""

    def __call__(self, storage: Storage) -> str:
        """Runs the sweep of the workers once."""
        return f"Removed {storage.blobs.sweep(storage.database, time.time())} files that no document uses."


@dataclass(frozen=True, slots=True)
class RemoveFolder:
    """Removes a folder whose maker is gone."""

    folder: Path

    def __call__(self, storage: Storage) -> str:
        """Removes it, unless it is an index that was published meanwhile."""
        with storage.database.write() as connection:  # none can be published now
            if self.folder.name not in generations.folders(connection):
                shutil.rmtree(self.folder, ignore_errors=True)
                if self.folder.is_file():  # it strayed there
                    self.folder.unlink()
        return f"Removed {self.folder}."


@contextmanager
def _job_records(database_url: str) -> Iterator[None]:
    """Access to the jobs as the reconciler needs it. No queue is listened to and no job is known: none runs here."""
    DBOS(
        config={
            "name": "scholiast",
            "system_database_url": database_url,
            "executor_id": f"doctor-{os.getpid()}",
            "application_version": JOB_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
        }
    )
    try:
        DBOS.listen_queues([])
        DBOS.launch()
        yield
    finally:
        DBOS.destroy()
