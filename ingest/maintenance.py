"""What a worker does between jobs: publish index generations, give back memory, reap, reconcile, sweep."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ingest import recovery
from ingest.jobs import JobQueue
from retrieval.errors import Conflict, NotFound
from retrieval.generation_files import GenerationFiles
from retrieval.memory import return_free_blocks
from retrieval.store import changes, generations, models
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database
from retrieval.store.schema import collections as collections_table

_LOGGER = logging.getLogger(__name__)

# A generation is worth building once the log is this many changes ahead of it, or has been quiet for a while. Larger
# ones take longer to build, so both grow with the number of chunks beyond this one.
CHANGES_BEFORE_BUILD = 500
QUIET_SECONDS = 3.0
PROMPT_UP_TO_CHUNKS = 20_000
_DAY = 24 * 3600.0


@dataclass(slots=True)
class _Task:
    """Something done every so often."""

    run: Callable[[], object]
    every_seconds: float
    last: float = float("-inf")  # monotonic


class Maintenance:
    """Call `tick` about once a second; it does what is due. Raises nothing: a failed task is tried again."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        files: GenerationFiles,
        jobs: JobQueue,
        sweep_graphs: Callable[[], object] = lambda: None,
    ) -> None:
        """`sweep_graphs` removes files of graphs that are out of date: nothing deleted stays in one for long."""
        self._database = database
        self._blobs = blobs
        self._files = files
        self._jobs = jobs
        self._worker = ""
        self._seen: dict[str, tuple[int, float]] = {}  # collection -> (change number, when it was first seen)
        files.clear_unfinished()
        self._tasks = [
            _Task(self._build, 1.0),
            _Task(return_free_blocks, 5.0),
            _Task(self._reap, 10.0),
            _Task(self._reconcile, 60.0),
            _Task(sweep_graphs, 60.0),
            _Task(self._sweep, 600.0),
        ]

    def tick(self, worker: str) -> None:
        """Runs the tasks that are due, in the worker of this name."""
        self._worker = worker
        for task in self._tasks:
            if time.monotonic() - task.last >= task.every_seconds:
                task.last = time.monotonic()
                try:
                    task.run()
                except Exception:  # the worker must go on; the task is due again soon
                    _LOGGER.exception("A maintenance task failed; it is tried again.")

    def _build(self) -> None:
        """Publishes generations for collections that changed much, or changed and then fell quiet."""
        with self._database.read() as connection:
            names: Sequence[str] = connection.scalars(select(collections_table.c.name)).all()
            # Of a model that is kept, too: a rollback is to find its index as current as the other's.
            used = [model.model_id for model in models.listed(connection) if model.role != "wanted"]
            states = [
                (
                    name,
                    model_id,
                    changes.latest_of_revisions(connection, name),
                    generations.newest(connection, name, model_id),
                )
                for name in names
                for model_id in used
            ]
        for name, model_id, number, generation in states:
            built = generation.change_number if generation is not None else 0
            seen, since = self._seen.get(name, (0, 0.0))
            if seen != number:
                self._seen[name] = (number, time.monotonic())
                since = time.monotonic()
            patience = max(1.0, (generation.chunk_count if generation is not None else 0) / PROMPT_UP_TO_CHUNKS)
            quiet = time.monotonic() - since >= QUIET_SECONDS * patience
            if number > built and (quiet or number - built >= CHANGES_BEFORE_BUILD * patience):
                self._publish(name, model_id)

    def _publish(self, name: str, model_id: str) -> None:
        try:
            count = self._files.build(self._database, name, model_id)
        except (NotFound, Conflict):
            return  # the collection was deleted meanwhile, or a kept model has still to catch up
        _LOGGER.info("Published an index of %d chunks for collection %s.", count, name)

    def _reap(self) -> None:
        if stranded := recovery.reap(self._database, self._worker):
            _LOGGER.warning("Took over %d jobs of workers that died.", len(stranded))

    def _reconcile(self) -> None:
        resubmitted, cancelled = recovery.reconcile(self._database, self._jobs)
        if resubmitted or cancelled:
            _LOGGER.warning("Queued %d documents again, cancelled %d jobs.", len(resubmitted), len(cancelled))

    def _sweep(self) -> None:
        removed = self._blobs.sweep(self._database, time.time())
        self._files.sweep(self._database)
        recovery.forget_finished(_DAY)
        if removed:
            _LOGGER.info("Removed %d files that no document uses any more.", removed)
