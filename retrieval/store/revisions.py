"""The life of a revision: queued, processing through its stages, then ready and visible, or failed with a reason.

Every function raises `NotFound` when the revision is gone: its document was deleted meanwhile, and the work on it
must stop.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from retrieval.errors import NotFound
from retrieval.store import changes
from retrieval.store.schema import documents, extracted_texts, revisions
from retrieval.types import Json


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """What parsing gave: the text every offset refers to, and its blocks as plain JSON rows."""

    text: str
    blocks: Sequence[Json]
    title: str | None


def begin_attempt(connection: Connection, revision_key: int) -> int:
    """Counts one more attempt since the last one that got anywhere, and gives the count."""
    _update(
        connection,
        revision_key,
        status="processing",
        stage=func.coalesce(revisions.c.stage, "parse"),
        attempts=revisions.c.attempts + 1,
    )
    return connection.scalar(select(revisions.c.attempts).where(revisions.c.key == revision_key)) or 0


def note_advance(connection: Connection, revision_key: int, stage: str, done: int, total: int) -> None:
    """Notes how far the current stage is, and forgets earlier attempts: this one got further.

    Only a file that stops every attempt at one place is poison.
    """
    _update(connection, revision_key, stage=stage, progress_done=done, progress_total=total, attempts=0)


def save_text(connection: Connection, revision_key: int, extracted: ExtractedText) -> None:
    """Keeps the extracted text; a second time changes nothing but the row."""
    _update(connection, revision_key)
    connection.execute(delete(extracted_texts).where(extracted_texts.c.revision_key == revision_key))
    connection.execute(
        insert(extracted_texts).values(
            revision_key=revision_key, text=extracted.text, blocks=list(extracted.blocks), title=extracted.title
        )
    )


def describe(connection: Connection, revision_key: int, pages: int | None, warnings: Sequence[str]) -> None:
    """Notes what parsing found out about the file."""
    _update(connection, revision_key, pages=pages, warnings=list(warnings))


def load_text(connection: Connection, revision_key: int) -> ExtractedText:
    """The extracted text; raises `NotFound` while there is none."""
    row = connection.execute(select(extracted_texts).where(extracted_texts.c.revision_key == revision_key)).first()
    if row is None:
        raise NotFound("The text of this document has not been extracted yet; look at its status.")
    return ExtractedText(row.text, row.blocks, row.title)


def activate(connection: Connection, revision_key: int) -> None:
    """Makes the revision the one that searches see; its predecessor disappears in the same transaction."""
    _update(
        connection,
        revision_key,
        status="ready",
        stage=None,
        error_code=None,
        error_detail=None,
        finished_at=time.time(),
    )
    document = connection.execute(
        select(documents)
        .join(revisions, revisions.c.document_key == documents.c.key)
        .where(revisions.c.key == revision_key)
    ).one()
    if document.active_revision == revision_key:
        return
    if document.active_revision is not None:
        changes.append(connection, document.collection, document.active_revision, "removed")
    changes.append(connection, document.collection, revision_key, "added")
    connection.execute(update(documents).where(documents.c.key == document.key).values(active_revision=revision_key))
    connection.execute(
        delete(revisions).where(revisions.c.document_key == document.key, revisions.c.key < revision_key)
    )


def fail(connection: Connection, revision_key: int, code: str, detail: str) -> None:
    """Parks the revision with the reason; whatever was ready before stays visible."""
    _update(
        connection,
        revision_key,
        status="failed",
        stage=None,
        error_code=code,
        error_detail=detail,
        finished_at=time.time(),
    )


def is_latest(connection: Connection, revision_key: int) -> bool:
    """False when a newer revision of the document has been uploaded, so that work on this one is wasted."""
    return bool(
        connection.scalar(
            select(func.count()).select_from(documents).where(documents.c.latest_revision == revision_key)
        )
    )


def _update(connection: Connection, revision_key: int, **values: Json) -> None:
    changed = connection.execute(
        update(revisions).where(revisions.c.key == revision_key).values({"stage": revisions.c.stage, **values})
    )
    if changed.rowcount == 0:
        raise NotFound("The document was deleted while it was being processed.")
