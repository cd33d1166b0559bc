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

from retrieval import failpoints
from retrieval.errors import Conflict, InvalidRequest
from retrieval.representations import DEFAULT_WRITER, WRITTEN_BY_MODEL_ALONE
from retrieval.store import collections, documents, enrichment
from retrieval.store.collections import Collection
from retrieval.store.database import Database
from retrieval.store.documents import Document, Source
from retrieval.store.schema import idempotency_keys
from retrieval.types import Json

# How long a repeated request with the same key is answered like the first.
IDEMPOTENCY_SECONDS = 24 * 3600
_CHUNK_SETTINGS = {"chunking", "chunk_tokens"}
_ENRICHMENT_SETTINGS = {"representations", "representation_writer", "enrichment"}


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
            failpoints.reached("upload.stored")
            self._jobs.submit(connection, [document for document, is_new in created if is_new])
            failpoints.reached("upload.queued")
            return [document for document, _ in created]

        with self._database.write() as connection:
            if idempotency_key is None:
                accepted = create(connection)
            else:
                accepted = _once(connection, idempotency_key, _fingerprint(collection, submissions), create)
        failpoints.reached("upload.committed")
        return accepted

    def replace(self, document_id: str, source: Source) -> Document:
        """The document with a new revision queued. Raises `NotFound`, `Conflict`."""
        with self._database.write() as connection:
            document, changed = documents.replace(connection, document_id, source)
            if changed:
                self._jobs.submit(connection, [document])
            return document

    def reindex(self, collection: str) -> int:
        """Makes every document of the collection anew from its original; gives their number. Raises `NotFound`."""
        with self._database.write() as connection:
            return self._renew(connection, collection)

    def change_settings(self, collection: str, settings: Json) -> Collection:
        """Merges the settings and queues whatever they change for the documents that are there.

        The old chunks answer until the new ones are ready. Raises `NotFound`, `InvalidRequest`.
        """
        with self._database.write() as connection:
            before = collections.get(connection, collection).settings
            changed = collections.change_settings(connection, collection, settings)
            _check(changed.settings)
            differing = {name for name in settings if before.get(name) != changed.settings.get(name)}
            if differing & _CHUNK_SETTINGS:
                self._renew(connection, collection)
            elif differing & _ENRICHMENT_SETTINGS:
                enrichment.repeat(connection, collection)
            return changed

    def _renew(self, connection: Connection, collection: str) -> int:
        collections.get(connection, collection)
        renewed = [documents.renew(connection, document) for document in documents.begun(connection, collection)]
        self._jobs.submit(connection, renewed)
        return len(renewed)


def _check(settings: Json) -> None:
    """Raises `InvalidRequest` for settings that are sound one by one but not together."""
    asked = WRITTEN_BY_MODEL_ALONE.intersection(settings.get("representations", ()))
    if asked and settings.get("representation_writer", DEFAULT_WRITER) != "model":
        raise InvalidRequest(
            f"The representation {', '.join(sorted(asked))} is written by the language model alone: set "
            "representation_writer to 'model' as well, or leave it out.",
            field="representations",
        )


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
