"""What keeps jobs from being lost or stuck when processes die: heartbeats, the reaper and the reconciler.

DBOS resumes the jobs of a worker that comes back under its own name. The reaper does it for workers that never come
back; the reconciler compares documents with jobs, whatever the reason they came apart.
"""

import time
from collections.abc import Collection, Sequence

from dbos import DBOS, WorkflowStatus
from sqlalchemy import delete, insert, select

from ingest.jobs import QUEUE, WORKFLOW, JobQueue
from retrieval.store import documents, revisions
from retrieval.store.database import Database
from retrieval.store.schema import workers

HEARTBEAT_SECONDS = 10
# Six missed heartbeats: the process is gone, or so badly stuck that its jobs are better off elsewhere.
DEAD_AFTER_SECONDS = 60
_UNFINISHED = ["PENDING", "ENQUEUED", "DELAYED"]


def beat(database: Database, executor_id: str, process_id: int) -> None:
    """Says that the worker is alive."""
    now = time.time()
    with database.write() as connection:
        started = connection.scalar(
            select(workers.c.started_at).where(workers.c.executor_id == executor_id, workers.c.process_id == process_id)
        )
        connection.execute(delete(workers).where(workers.c.executor_id == executor_id))
        connection.execute(
            insert(workers).values(
                executor_id=executor_id, process_id=process_id, started_at=started or now, heartbeat_at=now
            )
        )


def leave(database: Database, executor_id: str) -> None:
    """Says that the worker stopped on purpose; the others take its jobs at once."""
    with database.write() as connection:
        connection.execute(delete(workers).where(workers.c.executor_id == executor_id))


def living(database: Database) -> Sequence[str]:
    """Names of the workers whose heart beats."""
    with database.read() as connection:
        recent = workers.c.heartbeat_at > time.time() - DEAD_AFTER_SECONDS
        return connection.scalars(select(workers.c.executor_id).where(recent)).all()


def not_dead(database: Database, asking: str) -> set[str]:
    """Names of the workers whose jobs are theirs: the living, and the one that asks.

    On a busy machine a worker's heartbeat may come late; it must not take its own jobs for those of somebody dead and
    run them twice.
    """
    return {asking, *living(database)}


def reap(database: Database, asking: str) -> Sequence[str]:
    """Gives the jobs that dead workers were running back to the queue; gives the ids of those jobs."""
    alive = not_dead(database, asking)
    running = DBOS.list_workflows(status="PENDING", name=WORKFLOW, load_input=False, load_output=False)
    stranded = [job.workflow_id for job in running if job.executor_id not in alive]
    for job_id in stranded:
        DBOS.resume_workflow(job_id, queue_name=QUEUE)
    return stranded


def reconcile(database: Database, jobs: JobQueue) -> tuple[Sequence[str], Sequence[str]]:
    """Queues unfinished documents that have no job, cancels jobs that have no document; gives the ids of both."""
    # Jobs first: a document that is uploaded in between has its job in the same transaction and is in neither list.
    active = {
        job.workflow_id: _revision_keys(job)
        for job in DBOS.list_workflows(status=_UNFINISHED, name=WORKFLOW, load_output=False)
    }
    attended = {key for keys in active.values() for key in keys}
    with database.read() as connection:
        unfinished = documents.unfinished_revisions(connection)
    resubmitted = [
        document_id
        for key, document_id in unfinished.items()
        if key not in attended and _resubmit(database, jobs, document_id, key)
    ]
    cancelled = [
        job_id for job_id, keys in active.items() if keys.isdisjoint(unfinished) and _is_orphan(database, keys)
    ]
    if cancelled:
        DBOS.cancel_workflows(cancelled)
    return resubmitted, cancelled


def forget_finished(older_than_seconds: float) -> int:
    """Deletes the records of jobs that finished long ago, so that the tables stay bounded; gives how many."""
    before = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - older_than_seconds))
    finished = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"], end_time=before, load_input=False, load_output=False, limit=1000
    )
    if finished:
        DBOS.delete_workflows([job.workflow_id for job in finished])
    return len(finished)


def _revision_keys(job: WorkflowStatus) -> set[int]:
    """The revisions that a job was queued for."""
    arguments = job.input["args"] if job.input else ()
    return {revision_key for _, revision_key in arguments[0]} if arguments else set()


def _resubmit(database: Database, jobs: JobQueue, document_id: str, revision_key: int) -> bool:
    """Queues the document again, alone, if its revision is still unfinished and still without a job."""
    with database.read() as connection:
        found = documents.get_many(connection, [document_id])
    if not found or found[0].revision_key != revision_key or found[0].status not in ("queued", "processing"):
        return False
    job_id = found[0].job_id
    job = DBOS.get_workflow_status(job_id)
    if job is not None:
        if job.status in _UNFINISHED:
            return False
        DBOS.delete_workflow(job_id)
    with database.write() as connection:
        jobs.submit(connection, documents.get_many(connection, [document_id]))
    return True


def _is_orphan(database: Database, revision_keys: Collection[int]) -> bool:
    """True if none of the revisions exists any more."""
    with database.read() as connection:
        return not revisions.existing(connection, revision_keys)
