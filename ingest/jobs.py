"""The queue of ingest jobs, on DBOS: durable workflows in the same database as the documents.

The API process is a client and never runs a job. A job is enqueued in the transaction that writes the document's row,
so neither can exist without the other. Its id names collection, document and revision: enqueuing it twice is once.
Small texts that arrive together share a job, whose id names the first of them: a job of its own would cost a document
of one paragraph more than its embedding.
"""

from collections.abc import Iterable, Iterator, Sequence

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from sqlalchemy import Connection

from ingest.parsing.detect import MARKDOWN, PLAIN_TEXT
from retrieval.store.documents import Document

QUEUE = "ingest"
WORKFLOW = "ingest_document"
# Set by hand. DBOS's default, a hash of the code, would strand every waiting job at each upgrade; raise this only
# when a job queued by the older version could not be run by the newer one.
JOB_VERSION = "2"
# What shares a job: so few and so small that they are done within a second or two. Only plain text does: no file that
# takes its parser long may hold up others.
SHARED_DOCUMENTS = 64
SHARED_BYTES = 64 * 1024
_SHARING_TYPES = frozenset({PLAIN_TEXT, MARKDOWN})


class JobQueue:
    """The client's side: puts jobs in."""

    def __init__(self, database_url: str) -> None:
        DBOS.migrate(database_url)
        # JSON, not pickle: whoever can write to the database must not be able to run code through it.
        self._client = DBOSClient(system_database_url=database_url, serializer=DBOSPortableJSONSerializer())

    def submit(self, connection: Connection, documents: Sequence[Document]) -> None:
        """Enqueues the ingest of the documents' latest revisions; it counts once the connection commits."""
        for shared in _shared(documents):
            also = f"+{len(shared) - 1}" if len(shared) > 1 else ""
            options: EnqueueOptions = {
                "queue_name": QUEUE,
                "workflow_name": WORKFLOW,
                "workflow_id": shared[0].job_id + also,
                "app_version": JOB_VERSION,
            }
            self._client.enqueue_in_transaction(
                connection, options, [[document.id, document.revision_key] for document in shared]
            )

    def close(self) -> None:
        """Closes the client's connections."""
        self._client.destroy()


def _shared(documents: Iterable[Document]) -> Iterator[Sequence[Document]]:
    """The documents in the groups that share a job."""
    group: list[Document] = []
    size = 0
    for document in documents:
        if document.media_type not in _SHARING_TYPES or document.size > SHARED_BYTES:
            yield [document]
            continue
        if len(group) == SHARED_DOCUMENTS or size + document.size > SHARED_BYTES:
            yield group
            group, size = [], 0
        group.append(document)
        size += document.size
    if group:
        yield group
