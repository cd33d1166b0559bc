"""Accepting documents: bytes become a durable blob, a row and a job, or nothing at all.

The three belong together: only when all of them are committed may the caller be told that the document was accepted.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, delete, insert, select

from retrieval.errors import Conflict
from retrieval.store import documents
from retrieval.store.database import Database
from retrieval.store.documents import Document, Source
from retrieval.store.schema import idempotency_keys
from retrieval.types import Json

# How long a repeated request with the same key is answered like the first.
IDEMPOTENCY_SECONDS = 24 * 3600


class Jobs(Protocol):
    """Where accepted documents are queued."""

    def submit(self, connection: Connection, documents: Sequence[Document]) -> None: ...


@dataclass(frozen=True, slots=True)
class Submission:
    """A document to be accepted; its bytes are already stored."""

    source: Source
    metadata: Mapping[str, Json]


class Intake:
    """Accepts documents into collections."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._database = database
        self._jobs = jobs

    def add(
        self, collection: str, submissions: Sequence[Submission], idempotency_key: str | None = None
    ) -> Sequence[Document]:
        """The documents, new or already there, in one transaction; durable on return. Raises `Conflict`."""

        def create(connection: Connection) -> Sequence[Document]:
            created = [
                documents.create(connection, collection, submission.source, submission.metadata)
                for submission in submissions
            ]
            self._jobs.submit(connection, [document for document, is_new in created if is_new])
            return [document for document, _ in created]

        with self._database.write() as connection:
            if idempotency_key is None:
                return create(connection)
            return _once(connection, idempotency_key, _fingerprint(collection, submissions), create)

    def replace(self, document_id: str, source: Source) -> Document:
        """The document with a new revision queued. Raises `NotFound`, `Conflict`."""
        with self._database.write() as connection:
            document, changed = documents.replace(connection, document_id, source)
            if changed:
                self._jobs.submit(connection, [document])
            return document


def _once(
    connection: Connection, key: str, fingerprint: str, create: Callable[[Connection], Sequence[Document]]
) -> Sequence[Document]:
    """What the first request with this key created, or what `create` creates now."""
    now = time.time()
    connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < now - IDEMPOTENCY_SECONDS))
    known = connection.execute(select(idempotency_keys).where(idempotency_keys.c.idempotency_key == key)).first()
    if known is not None:
        if known.request_sha256 != fingerprint:
            raise Conflict("This Idempotency-Key was used for another request; use a new one.")
        return documents.get_many(connection, known.document_ids)
    created = create(connection)
    connection.execute(
        insert(idempotency_keys).values(
            idempotency_key=key,
            request_sha256=fingerprint,
            document_ids=[document.id for document in created],
            created_at=now,
        )
    )
    return created


def _fingerprint(collection: str, submissions: Sequence[Submission]) -> str:
    parts = [[item.source.name, item.source.content_sha256, dict(item.metadata)] for item in submissions]
    return hashlib.sha256(json.dumps([collection, parts], sort_keys=True).encode()).hexdigest()
