"""Routes of documents: upload, look at, replace, delete."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Header, Path, UploadFile
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.dependencies import Cursor, Limit, ServiceDep, decode_key_cursor, encode_cursor
from app.schemas.documents import (
    AcceptedDocuments,
    ChunkDetails,
    ChunkPage,
    DocumentDetails,
    DocumentPage,
    DocumentState,
    DocumentSummary,
    DocumentTables,
    DocumentText,
    DocumentTree,
    Enrichment,
    GraphState,
    Problem,
    Progress,
    TableColumn,
    TableDetails,
    TextDocument,
    TextUpload,
    TreeNodeDetails,
)
from app.schemas.fields import CollectionName, Metadata
from app.service import Service
from ingest.intake import Submission
from ingest.parsing.detect import detect_media_type, display_name
from retrieval.errors import DocumentRejected, InvalidRequest, TooLarge
from retrieval.store import chunks, collections, documents, enrichment, filters, graph, revisions, tables, trees
from retrieval.store.documents import Document, Source
from retrieval.types import Chunk

router = APIRouter(prefix="/v1/documents", tags=["documents"])

DocumentId = Annotated[str, Path(max_length=64, description="A document's id.")]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Repeating a request with the same key within a day is safe."),
]
_PIECE_BYTES = 1024 * 1024
_HEAD_BYTES = 8192
_EVENT_SECONDS = 0.25
# Only what browsers show without running anything is opened in place; the rest is saved.
_SHOWN_IN_PLACE = {"application/pdf", "text/plain"}


@router.post("", status_code=202)
def add_files(
    service: ServiceDep,
    file: Annotated[list[UploadFile], File(description="One or more files.")],
    collection: Annotated[CollectionName, Form()] = "default",
    metadata: Annotated[str, Form(description="A JSON object, kept with every file.")] = "{}",
    idempotency_key: IdempotencyKey = None,
) -> AcceptedDocuments:
    """Accepts files. On return they are durable and will be processed; the same content again is the same document."""
    if len(file) > service.settings.max_files_per_upload:
        raise TooLarge(f"At most {service.settings.max_files_per_upload} files in one request.")
    fields = _metadata(metadata)
    submissions = [Submission(_store(service, item), fields) for item in file]
    return _accepted(service.storage.intake.add(collection, submissions, idempotency_key))


@router.post("/text", status_code=202)
def add_texts(service: ServiceDep, upload: TextUpload, idempotency_key: IdempotencyKey = None) -> AcceptedDocuments:
    """Accepts one text, or up to 1,000, as documents; like uploading them as files."""
    submissions = [
        Submission(_stored_text(service, item.name, item.text), checked_metadata(item.metadata))
        for item in _texts(upload)
    ]
    return _accepted(service.storage.intake.add(upload.collection, submissions, idempotency_key))


@router.get("")
def list_documents(
    service: ServiceDep,
    collection: CollectionName | None = None,
    status: Literal["queued", "processing", "ready", "failed"] | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> DocumentPage:
    """Documents, newest first."""
    before = decode_key_cursor(cursor) if cursor is not None else None
    with service.storage.database.read() as connection:
        found = documents.list_page(connection, collection, status, limit + 1, before)
    more = encode_cursor(str(found[limit - 1].key)) if len(found) > limit else None
    return DocumentPage(documents=[details(document) for document in found[:limit]], next_cursor=more)


@router.get("/{document_id}")
def get_document(service: ServiceDep, document_id: DocumentId) -> DocumentState:
    """A document with its status, progress, warnings and counts."""
    with service.storage.database.read() as connection:
        document = documents.get(connection, document_id)
        represented, nodes = enrichment.counts(connection, document.revision_key)
        is_on = graph.is_on(collections.get(connection, document.collection).settings)
        read = graph.state(connection, document.revision_key) or ("waiting" if is_on else "off")
        found = graph.counts(connection, document.revision_key)
    return DocumentState(
        **details(document).model_dump(),
        representations=represented,
        tree_nodes=nodes,
        graph=GraphState(
            status=read,  # type: ignore[arg-type]  # pydantic checks it
            entities=found.entities,
            relations=found.relations,
            values=found.values,
        ),
    )


@router.get("/{document_id}/events", response_class=EventSourceResponse)
async def follow_document(
    service: ServiceDep, document: Annotated[DocumentDetails, Depends(get_document)]
) -> AsyncIterator[ServerSentEvent]:
    """Progress as server-sent events named `progress`, until the document is ready, failed or deleted."""
    shown: DocumentDetails | None = None
    current: DocumentDetails | None = document
    while current is not None:
        if current != shown:
            yield ServerSentEvent(event="progress", raw_data=current.model_dump_json())
            shown = current
        if current.status in ("ready", "failed"):
            return
        await asyncio.sleep(_EVENT_SECONDS)
        current = await asyncio.to_thread(_look, service, document.id)
    yield ServerSentEvent(event="deleted", raw_data="{}")


@router.get("/{document_id}/content", response_class=FileResponse)
def get_content(service: ServiceDep, document_id: DocumentId) -> FileResponse:
    """The original file, byte for byte."""
    document = _get(service, document_id)
    return FileResponse(
        service.storage.blobs.path(document.content_sha256),
        media_type=document.media_type,
        filename=document.name,
        content_disposition_type="inline" if document.media_type in _SHOWN_IN_PLACE else "attachment",
    )


@router.get("/{document_id}/text")
def get_text(service: ServiceDep, document_id: DocumentId) -> DocumentText:
    """The text as extracted, which all offsets refer to."""
    with service.storage.database.read() as connection:
        document = documents.get(connection, document_id)
        key = document.active_revision or document.revision_key
        return DocumentText(text=revisions.load_text(connection, key).text)


@router.get("/{document_id}/chunks")
def list_chunks(service: ServiceDep, document_id: DocumentId, limit: Limit = 100, cursor: Cursor = None) -> ChunkPage:
    """The chunks that searches see, in order."""
    after = decode_key_cursor(cursor) if cursor is not None else 0
    with service.storage.database.read() as connection:
        documents.get(connection, document_id)
        found = chunks.of_document(connection, document_id, limit + 1, after)
    more = encode_cursor(str(found[limit - 1].key)) if len(found) > limit else None
    return ChunkPage(chunks=[_chunk(chunk) for chunk in found[:limit]], next_cursor=more)


@router.get("/{document_id}/tree")
def get_tree(service: ServiceDep, document_id: DocumentId) -> DocumentTree:
    """The summaries over the document's chunks, level by level; empty while they are not made."""
    with service.storage.database.read() as connection:
        documents.get(connection, document_id)
        nodes = trees.of_document(connection, document_id)
    return DocumentTree(
        nodes=[
            TreeNodeDetails(
                id=f"{node.level}:{node.ordinal}",
                level=node.level,
                text=node.text,
                nodes=[f"{level}:{ordinal}" for level, ordinal in node.nodes],
                chunks=node.chunks,
            )
            for node in nodes
        ]
    )


@router.get("/{document_id}/tables")
def list_tables(service: ServiceDep, document_id: DocumentId, limit: Limit = 20) -> DocumentTables:
    """The tables in the document with typed columns, and the first `limit` rows of each."""
    with service.storage.database.read() as connection:
        documents.get(connection, document_id)
        found = [
            TableDetails(
                name=table.name,
                title=table.title,
                columns=[TableColumn.model_validate(column) for column in table.columns],
                row_count=table.row_count,
                rows=tables.rows_of(connection, table.key, limit),
            )
            for table in tables.of_document(connection, document_id)
        ]
    return DocumentTables(tables=found)


@router.put("/{document_id}", status_code=202)
def replace_document(
    service: ServiceDep, document_id: DocumentId, file: Annotated[UploadFile, File(description="The new content.")]
) -> DocumentSummary:
    """Gives the document new content. The old one answers until the new one is ready, then switches at once."""
    _get(service, document_id)
    return _summary(service.storage.intake.replace(document_id, _store(service, file)))


@router.delete("/{document_id}", status_code=204)
def delete_document(service: ServiceDep, document_id: DocumentId) -> None:
    """Deletes the document; when this returns, no search and no answer uses it."""
    with service.storage.database.write() as connection:
        documents.remove(connection, document_id)


def details(document: Document) -> DocumentDetails:
    """The document as the API shows it."""
    failed = document.status == "failed"
    return DocumentDetails(
        **_summary(document).model_dump(),
        metadata=document.metadata,
        progress=Progress(stage=document.stage, done=document.progress_done, total=document.progress_total),
        enrichment=Enrichment(
            status=document.enrichment,  # type: ignore[arg-type]  # pydantic checks it
            stage=document.enrichment_stage,
            done=document.enrichment_done,
            total=document.enrichment_total,
            detail=document.enrichment_detail,
        ),
        error=Problem(code=document.error_code or "", detail=document.error_detail or "") if failed else None,
        warnings=document.warnings,
        media_type=document.media_type,
        size=document.size,
        revision=document.revision_number,
        searchable=document.active_revision is not None,
        pages=document.pages,
        quality=document.quality,
        chunks=document.chunk_count,
        created_at=document.created_at,
    )


def checked_metadata(metadata: Metadata) -> Metadata:
    """The metadata if its values are text, numbers, booleans or lists of them; raises `InvalidRequest`."""
    if len(metadata) > 100 or len(json.dumps(metadata)) > 100_000:
        raise InvalidRequest("Metadata has at most 100 fields and 100,000 characters.", field="metadata")
    for field, value in metadata.items():
        for item in [field, *(value if isinstance(value, list) else [value])]:
            if not filters.is_plain(item):
                raise InvalidRequest(
                    f"Metadata field '{display_name(field)}' must be text, a finite number, true, false, or a list of "
                    "these.",
                    field="metadata",
                )
    return metadata


def _metadata(encoded: str) -> Metadata:
    try:
        # NaN and Infinity are not JSON, whatever Python thinks
        decoded: Any = json.loads(encoded, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("Metadata must be a JSON object.", field="metadata") from error
    if not isinstance(decoded, dict):
        raise InvalidRequest("Metadata must be a JSON object.", field="metadata")
    return checked_metadata(decoded)


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _store(service: Service, upload: UploadFile) -> Source:
    name = display_name(upload.filename or "")
    head = upload.file.read(_HEAD_BYTES)
    if not head:
        raise DocumentRejected("empty_file", f"The file '{name}' is empty.")
    media_type = detect_media_type(name, head)
    upload.file.seek(0)
    pieces: Iterator[bytes] = iter(lambda: upload.file.read(_PIECE_BYTES), b"")
    blob = service.storage.blobs.put(pieces)
    return Source(name, media_type, blob.sha256, blob.size)


def _texts(upload: TextUpload) -> Sequence[TextDocument]:
    if (upload.documents is None) == (upload.name is None and upload.text is None):
        raise InvalidRequest("Give either `name` and `text`, or `documents`.", field="documents")
    if upload.documents is not None:
        return upload.documents
    if upload.name is None or upload.text is None:
        raise InvalidRequest("Both `name` and `text` are needed.", field="name" if upload.name is None else "text")
    return [TextDocument(name=upload.name, text=upload.text, metadata=upload.metadata)]


def _stored_text(service: Service, name: str, text: str) -> Source:
    blob = service.storage.blobs.put([text.encode()])
    return Source(display_name(name), "text/plain", blob.sha256, blob.size)


def _accepted(found: Sequence[Document]) -> AcceptedDocuments:
    return AcceptedDocuments(documents=[_summary(document) for document in found])


def _summary(document: Document) -> DocumentSummary:
    return DocumentSummary.model_validate(
        {"id": document.id, "name": document.name, "status": document.status, "collection": document.collection}
    )


def _get(service: Service, document_id: str) -> Document:
    with service.storage.database.read() as connection:
        return documents.get(connection, document_id)


def _look(service: Service, document_id: str) -> DocumentDetails | None:
    """The document, or None once it is deleted: a stream cannot answer 404 any more."""
    with service.storage.database.read() as connection:
        found = documents.get_many(connection, [document_id])
    return details(found[0]) if found else None


def _chunk(chunk: Chunk) -> ChunkDetails:
    return ChunkDetails(
        id=chunk.id,
        text=chunk.text,
        start=chunk.start,
        end=chunk.end,
        page=chunk.page,
        headings=chunk.headings,
        level=chunk.level,
    )
