"""Rows of documents: what people uploaded, under which name, and how far each one is."""

import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from retrieval import failpoints
from retrieval.errors import Conflict, NotFound
from retrieval.store import changes, collection_trees, collections, conversations, graph
from retrieval.store.schema import chunks, documents, metadata_values, revisions
from retrieval.types import Json

# Made once: composing the statement takes longer than running it.
_CHUNK_COUNT = (
    select(func.count()).select_from(chunks).where(chunks.c.revision_key == revisions.c.key).scalar_subquery()
)
_DOCUMENTS = select(
    documents.c.key,
    documents.c.id,
    documents.c.collection,
    documents.c.name,
    documents.c.metadata,
    documents.c.created_at,
    documents.c.active_revision,
    revisions.c.key.label("revision_key"),
    revisions.c.id.label("revision_id"),
    revisions.c.number.label("revision_number"),
    revisions.c.content_sha256,
    revisions.c.media_type,
    revisions.c.size,
    revisions.c.status,
    revisions.c.stage,
    revisions.c.progress_done,
    revisions.c.progress_total,
    revisions.c.attempts,
    revisions.c.error_code,
    revisions.c.error_detail,
    revisions.c.warnings,
    revisions.c.pages,
    revisions.c.quality,
    revisions.c.enrichment,
    revisions.c.enrichment_stage,
    revisions.c.enrichment_done,
    revisions.c.enrichment_total,
    revisions.c.enrichment_detail,
    _CHUNK_COUNT.label("chunk_count"),
).join(revisions, documents.c.latest_revision == revisions.c.key)


@dataclass(frozen=True, slots=True)
class Source:
    """A stored original that a revision is made from."""

    name: str
    media_type: str
    content_sha256: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Document:
    """A document with the state of its latest revision."""

    key: int
    id: str
    collection: str
    name: str
    metadata: Json
    created_at: float
    active_revision: int | None  # what searches see; None until the first revision is ready
    revision_key: int
    revision_id: str
    revision_number: int
    content_sha256: str
    media_type: str
    size: int
    status: str
    stage: str | None
    progress_done: int
    progress_total: int
    attempts: int
    error_code: str | None
    error_detail: str | None
    warnings: Sequence[str]
    pages: int | None
    quality: float | None  # 0..1: how well the file could be read
    enrichment: str
    enrichment_stage: str | None
    enrichment_done: int
    enrichment_total: int
    enrichment_detail: str | None
    chunk_count: int

    @property
    def job_id(self) -> str:
        """The id of the workflow that ingests this revision: the same revision is never queued twice."""
        return f"{self.collection}:{self.id}:{self.revision_number}"


def create(
    connection: Connection, collection: str, source: Source, metadata: Mapping[str, Json]
) -> tuple[Document, bool]:
    """The document with this content, and whether it is new. A failed one gets a fresh revision: a second try."""
    collections.ensure(connection, collection)
    found = connection.scalar(
        select(documents.c.id).where(
            documents.c.collection == collection, documents.c.content_sha256 == source.content_sha256
        )
    )
    if found is not None:
        document = get(connection, found)
        if document.status == "failed":
            return _add_revision(connection, document.key, source), True
        return document, False
    key = connection.execute(
        insert(documents)
        .values(
            id=str(uuid.uuid4()),
            collection=collection,
            name=source.name,
            content_sha256=source.content_sha256,
            metadata=dict(metadata),
            created_at=time.time(),
        )
        .returning(documents.c.key)
    ).scalar_one()
    if rows := _metadata_rows(key, collection, metadata):
        connection.execute(insert(metadata_values), rows)
    return _add_revision(connection, key, source), True


def replace(connection: Connection, document_id: str, source: Source) -> tuple[Document, bool]:
    """Adds a revision with new content, and says whether there was anything to do; the old one stays visible."""
    document = get(connection, document_id)
    if document.content_sha256 == source.content_sha256 and document.status != "failed":
        return document, False
    other = connection.scalar(
        select(documents.c.id).where(
            documents.c.collection == document.collection,
            documents.c.content_sha256 == source.content_sha256,
            documents.c.id != document_id,
        )
    )
    if other is not None:
        raise Conflict(f"The collection already has a document with this content: {other}. Delete it first.")
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(name=source.name, content_sha256=source.content_sha256)
    )
    return _add_revision(connection, document.key, source), True


def begun(connection: Connection, collection: str) -> Sequence[Document]:
    """The collection's documents on which work has begun, or ended: what is queued will see new settings anyway."""
    rows = connection.execute(
        _DOCUMENTS.where(documents.c.collection == collection, revisions.c.status != "queued").order_by(documents.c.key)
    ).mappings()
    return [_document(row) for row in rows]


def renew(connection: Connection, document: Document) -> Document:
    """Adds a revision of the same content, to be made anew; the old one stays visible until that is ready."""
    source = Source(document.name, document.media_type, document.content_sha256, document.size)
    return _add_revision(connection, document.key, source)


def remove(connection: Connection, document_id: str) -> Document:
    """Deletes the document and all that hangs on it; raises `NotFound`."""
    document = get(connection, document_id)
    if document.active_revision is not None:
        changes.append(connection, "removed", [(document.collection, document.active_revision)])
        collection_trees.withdraw(connection, [document.active_revision])
        graph.withdraw(connection, [document.active_revision])
        failpoints.reached("delete.withdrawn")
    conversations.withdraw(connection, document.key)
    connection.execute(delete(documents).where(documents.c.key == document.key))
    return document


def get(connection: Connection, document_id: str) -> Document:
    """The document; raises `NotFound`."""
    row = connection.execute(_DOCUMENTS.where(documents.c.id == document_id)).mappings().first()
    if row is None:
        raise NotFound("There is no such document; it may have been deleted.")
    return _document(row)


def get_many(connection: Connection, document_ids: Sequence[str]) -> Sequence[Document]:
    """Those of the documents that exist, in the order of the ids."""
    rows = connection.execute(_DOCUMENTS.where(documents.c.id.in_(document_ids))).mappings()
    found = {row["id"]: _document(row) for row in rows}
    return [found[document_id] for document_id in document_ids if document_id in found]


def visible_of(
    connection: Connection, document_ids: Collection[str], revision_keys: Collection[int] | None
) -> Collection[str]:
    """Those of the documents that can be found right now; of these revisions only, if they are given."""
    statement = select(documents.c.id).where(
        documents.c.id.in_(list(document_ids)), documents.c.active_revision.is_not(None)
    )
    if revision_keys is not None:
        statement = statement.where(documents.c.active_revision.in_(list(revision_keys)))
    return set(connection.scalars(statement))


def list_page(
    connection: Connection, collection: str | None, status: str | None, limit: int, before: int | None
) -> Sequence[Document]:
    """Documents, newest first, of those whose key is below `before`."""
    statement = _DOCUMENTS.order_by(documents.c.key.desc()).limit(limit)
    if before is not None:
        statement = statement.where(documents.c.key < before)
    if collection is not None:
        statement = statement.where(documents.c.collection == collection)
    if status is not None:
        statement = statement.where(revisions.c.status == status)
    return [_document(row) for row in connection.execute(statement).mappings()]


def unfinished(connection: Connection) -> Sequence[Document]:
    """Documents whose latest revision is queued or being processed."""
    statement = _DOCUMENTS.where(revisions.c.status.in_(("queued", "processing"))).order_by(documents.c.key)
    return [_document(row) for row in connection.execute(statement).mappings()]


def unfinished_revisions(connection: Connection) -> Mapping[int, str]:
    """The ids of those documents by the keys of these revisions, without all that is known of ten thousand of them."""
    statement = (
        select(revisions.c.key, documents.c.id)
        .join(documents, documents.c.latest_revision == revisions.c.key)
        .where(revisions.c.status.in_(("queued", "processing")))
        .order_by(documents.c.key)
    )
    return {row.key: row.id for row in connection.execute(statement)}


def any_unfinished(connection: Connection) -> bool:
    """Whether a document is queued or being processed."""
    statement = (
        select(revisions.c.key)
        .join(documents, documents.c.latest_revision == revisions.c.key)
        .where(revisions.c.status.in_(("queued", "processing")))
        .limit(1)
    )
    return connection.scalar(statement) is not None


def status_counts(connection: Connection) -> Mapping[str, int]:
    """How many documents are in each status."""
    rows = connection.execute(
        select(revisions.c.status, func.count())
        .join(documents, documents.c.latest_revision == revisions.c.key)
        .group_by(revisions.c.status)
    )
    return {row[0]: row[1] for row in rows}


def _add_revision(connection: Connection, document_key: int, source: Source) -> Document:
    number = connection.scalar(
        select(func.coalesce(func.max(revisions.c.number), 0)).where(revisions.c.document_key == document_key)
    )
    key = connection.execute(
        insert(revisions)
        .values(
            id=str(uuid.uuid4()),
            document_key=document_key,
            number=(number or 0) + 1,
            content_sha256=source.content_sha256,
            media_type=source.media_type,
            size=source.size,
            status="queued",
            warnings=[],
            created_at=time.time(),
        )
        .returning(revisions.c.key)
    ).scalar_one()
    connection.execute(update(documents).where(documents.c.key == document_key).values(latest_revision=key))
    row = connection.execute(_DOCUMENTS.where(documents.c.key == document_key)).mappings().one()
    return _document(row)


def _metadata_rows(document_key: int, collection: str, metadata: Mapping[str, Json]) -> list[dict[str, Json]]:
    """One row a value; a list gives one row an item, so that a filter on any of them matches."""
    rows = []
    for field, value in metadata.items():
        for item in value if isinstance(value, list) else [value]:
            number = isinstance(item, bool | int | float)
            rows.append(
                {
                    "document_key": document_key,
                    "collection": collection,
                    "field": field,
                    "text_value": None if number else str(item),
                    "number_value": float(item) if number else None,
                }
            )
    return rows


def _document(row: RowMapping) -> Document:
    return Document(**row)
