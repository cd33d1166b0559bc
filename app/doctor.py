"""Compares database, original files and indexes with each other, reading all of it and changing nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, exists, func, select

from app.settings import Settings
from retrieval.analysis import ANALYSER
from retrieval.errors import IndexDamaged
from retrieval.generation_files import GenerationFiles
from retrieval.store import generations
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database
from retrieval.store.schema import (
    changes,
    chunks,
    collections,
    documents,
    extracted_texts,
    representations,
    revisions,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and what mends it."""

    problem: str
    remedy: str


_UPLOAD = "Delete the document and upload it again."
_REBUILD = "Restart the service: it rebuilds the index from the database."


def examine(settings: Settings) -> Sequence[Finding]:
    """All findings; an empty list is a clean bill of health."""
    database = Database(str(settings.database_url))
    database.upgrade()
    blobs = BlobStore(settings.data_dir / "blobs")
    files = GenerationFiles(settings.data_dir / "indexes")
    with database.read() as connection:
        found = [
            *_integrity(connection),
            *_originals(connection, blobs),
            *_documents(connection),
            *_chunks(connection),
            *_indexes(connection, files),
        ]
    database.close()
    return found


def _integrity(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        for pragma in ("integrity_check", "foreign_key_check"):
            for row in connection.exec_driver_sql(f"PRAGMA {pragma}"):
                if row[0] != "ok":
                    yield Finding(f"The database reports: {row[0]}", "Restore the data folder from a backup.")


def _originals(connection: Connection, blobs: BlobStore) -> Iterator[Finding]:
    stored = set(blobs.names())
    for sha256 in connection.scalars(select(revisions.c.content_sha256).distinct()):
        if sha256 not in stored:
            yield Finding(f"The original file {sha256[:12]} is missing.", _UPLOAD)
        elif blobs.damaged(sha256):
            yield Finding(f"The original file {sha256[:12]} is damaged.", _UPLOAD)


def _documents(connection: Connection) -> Iterator[Finding]:
    latest = documents.join(revisions, documents.c.latest_revision == revisions.c.key)
    hidden = (
        select(documents.c.id)
        .select_from(latest)
        .where(revisions.c.status == "ready", documents.c.active_revision != revisions.c.key)
    )
    for document_id in connection.scalars(hidden):
        yield Finding(f"Document {document_id} is ready but not searchable.", _UPLOAD)
    lost = select(documents.c.id).where(~exists().where(revisions.c.key == documents.c.latest_revision))
    for document_id in connection.scalars(lost):
        yield Finding(f"Document {document_id} has no revision.", _UPLOAD)
    logged = select(changes.c.revision_key).where(changes.c.kind == "added")
    silent = select(documents.c.id).where(
        documents.c.active_revision.is_not(None), documents.c.active_revision.not_in(logged)
    )
    for document_id in connection.scalars(silent):
        yield Finding(f"Document {document_id} became visible without a change number.", _UPLOAD)


def _chunks(connection: Connection) -> Iterator[Finding]:
    duplicates = (
        select(chunks.c.revision_key).group_by(chunks.c.revision_key, chunks.c.ordinal).having(func.count() > 1)
    )
    for revision_key in connection.scalars(duplicates):
        yield Finding(f"Revision {revision_key} has a chunk twice.", _UPLOAD)
    visible = chunks.join(documents, documents.c.active_revision == chunks.c.revision_key)
    bare = (
        select(func.count())
        .select_from(visible)
        .where(~exists().where(representations.c.chunk_key == chunks.c.key, representations.c.kind == "text"))
    )
    if count := connection.scalar(bare):
        yield Finding(f"{count} searchable chunks have no vector.", _UPLOAD)
    texts = (
        select(chunks.c.id, chunks.c.text, chunks.c.start, chunks.c.end, extracted_texts.c.text.label("whole"))
        .select_from(visible)
        .join(extracted_texts, extracted_texts.c.revision_key == chunks.c.revision_key)
        .execution_options(yield_per=100)
    )
    for row in connection.execute(texts):
        if row.whole[row.start : row.end] != row.text:
            yield Finding(f"Chunk {row.id} is not the text at its offsets.", _UPLOAD)


def _indexes(connection: Connection, files: GenerationFiles) -> Iterator[Finding]:
    for name in connection.scalars(select(collections.c.name)).all():
        generation = generations.active(connection, name)
        if generation is None:
            continue
        try:
            segment = files.load(generation)
        except IndexDamaged as damage:
            yield Finding(f"Index of collection {name} (analyser {ANALYSER}): {damage.detail}", _REBUILD)
            continue
        if len(segment.chunk_keys) != len(np.unique(segment.chunk_keys)):
            yield Finding(f"The index of collection {name} has a chunk twice.", _REBUILD)
        gone = set(
            connection.scalars(
                select(changes.c.revision_key).where(
                    changes.c.collection == name,
                    changes.c.kind == "removed",
                    changes.c.number > generation.change_number,
                )
            )
        )
        indexed = set(segment.chunk_keys[~np.isin(segment.revision_keys, list(gone))].tolist())
        stored = set(
            connection.scalars(
                select(chunks.c.key)
                .join(documents, documents.c.active_revision == chunks.c.revision_key)
                .where(documents.c.collection == name)
                .where(
                    chunks.c.revision_key.in_(
                        select(changes.c.revision_key).where(
                            changes.c.kind == "added", changes.c.number <= generation.change_number
                        )
                    )
                )
            )
        )
        if indexed != stored:
            yield Finding(
                f"The index of collection {name} has {len(indexed - stored)} chunks too many and "
                f"{len(stored - indexed)} too few.",
                _REBUILD,
            )
