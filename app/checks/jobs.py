"""Does every unfinished document have a job? A job whose document is gone is no harm: it ends as soon as it runs."""

from collections.abc import Iterator, Set

from dbos import DBOSClient, DBOSPortableJSONSerializer

from app.checks.finding import FIX, Finding, Scene
from app.checks.repairs import Reconcile
from ingest.jobs import WORKFLOW
from retrieval.store import documents


def queued_revisions(database_url: str) -> Set[int]:
    """The revisions that have a job. To be asked for before the documents, else one whose job ends looks lost."""
    client = DBOSClient(system_database_url=database_url, serializer=DBOSPortableJSONSerializer())
    try:
        listed = client.list_workflows(status=["PENDING", "ENQUEUED", "DELAYED"], name=WORKFLOW, load_output=False)
    finally:
        client.destroy()
    return {key for job in listed if job.input for _, key in job.input["args"][0]}


def check_jobs(scene: Scene, queued: Set[int]) -> Iterator[Finding]:
    """Documents that nobody will ever process."""
    for document in documents.unfinished(scene.connection):
        if document.revision_key not in queued:
            problem = f"Document {document.id} ({document.name}) waits to be processed, but has no job."
            yield Finding(problem, f"{FIX} (queues it again)", Reconcile())
