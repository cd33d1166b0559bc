"""The queue of ingest jobs, on DBOS: durable workflows in the same database as the documents.

The API process is a client and never runs a job. A job is enqueued in the transaction that writes the document's row,
so neither can exist without the other. Its id names collection, document and revision: enqueuing it twice is once.
"""

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from sqlalchemy import Connection

from retrieval.store.documents import Document

QUEUE = "ingest"
WORKFLOW = "ingest_document"
# Set by hand. DBOS's default, a hash of the code, would strand every waiting job at each upgrade; raise this only
# when a job queued by the older version could not be run by the newer one.
JOB_VERSION = "1"


class JobQueue:
    """The client's side: puts jobs in."""

    def __init__(self, database_url: str) -> None:
        DBOS.migrate(database_url)
        # JSON, not pickle: whoever can write to the database must not be able to run code through it.
        self._client = DBOSClient(system_database_url=database_url, serializer=DBOSPortableJSONSerializer())

    def submit(self, connection: Connection, document: Document) -> None:
        """Enqueues the ingest of the document's latest revision; it counts once the connection commits."""
        options: EnqueueOptions = {
            "queue_name": QUEUE,
            "workflow_name": WORKFLOW,
            "workflow_id": document.job_id,
            "app_version": JOB_VERSION,
        }
        self._client.enqueue_in_transaction(connection, options, document.id, document.revision_key)

    def close(self) -> None:
        """Closes the client's connections."""
        self._client.destroy()
