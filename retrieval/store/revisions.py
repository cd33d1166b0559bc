"""The life of a revision: queued, processing through its stages, then ready and visible, or failed with a reason.

A revision may be deleted while it is worked on. Whoever is about to write asks `existing` in the same transaction, and
drops the work on those that are gone.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, literal, or_, select, update

from retrieval.errors import NotFound
from retrieval.store import changes, collection_trees, graph
from retrieval.store.schema import documents, extracted_texts, revisions
from retrieval.types import Json


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """What parsing gave: the text every offset refers to, and its blocks as plain JSON rows."""

    text: str
    blocks: Sequence[Json]
    title: str | None
    pages: int | None
    warnings: Sequence[str]
    quality: float | None  # 0..1: how well the file could be read; None for what was parsed before it was measured
    parser_version: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is, in units of its own."""

    done: int
    total: int


def existing(connection: Connection, revision_keys: Collection[int]) -> set[int]:
    """Those of the revisions that have not been deleted; they stay while the transaction lasts."""
    statement = select(revisions.c.key).where(revisions.c.key.in_(revision_keys)).with_for_update()
    return set(connection.scalars(statement))


def past_chunking(connection: Connection, revision_keys: Sequence[int]) -> set[int]:
    """Those of the revisions whose chunks have all been stored."""
    reached = or_(revisions.c.stage == "embed", revisions.c.status == "ready")
    return set(connection.scalars(select(revisions.c.key).where(revisions.c.key.in_(revision_keys), reached)))


def begin_attempts(connection: Connection, revision_keys: Sequence[int]) -> Mapping[int, int]:
    """Counts one more attempt since the last one that got anywhere, and gives the count by revision."""
    connection.execute(
        update(revisions)
        .where(revisions.c.key.in_(revision_keys))
        .values(
            status="processing",
            stage=func.coalesce(revisions.c.stage, "parse"),
            attempts=revisions.c.attempts + 1,
        )
    )
    counts = select(revisions.c.key, revisions.c.attempts).where(revisions.c.key.in_(revision_keys))
    return {row.key: row.attempts for row in connection.execute(counts)}


def note_advance(connection: Connection, stage: str, progress: Mapping[int, Progress]) -> None:
    """Notes by revision how far the current stage is, and forgets earlier attempts: this one got further.

    Only a file that stops every attempt at one place is poison.
    """
    _update(
        connection,
        [
            {"revision": key, "stage": stage, "progress_done": at.done, "progress_total": at.total, "attempts": 0}
            for key, at in progress.items()
        ],
    )


def save_texts(connection: Connection, extracted: Mapping[int, ExtractedText]) -> None:
    """Keeps the extracted text of each revision; a second time changes nothing but the rows."""
    if not extracted:
        return
    _update(
        connection,
        [
            {"revision": key, "pages": text.pages, "warnings": list(text.warnings), "quality": text.quality}
            for key, text in extracted.items()
        ],
    )
    connection.execute(delete(extracted_texts).where(extracted_texts.c.revision_key.in_(extracted)))
    connection.execute(
        insert(extracted_texts),
        [
            {
                "revision_key": key,
                "text": text.text,
                "blocks": list(text.blocks),
                "title": text.title,
                "parser_version": text.parser_version,
            }
            for key, text in extracted.items()
        ],
    )


def load_texts(connection: Connection, revision_keys: Sequence[int]) -> Mapping[int, ExtractedText]:
    """The extracted texts of those revisions that have been parsed."""
    statement = (
        select(extracted_texts, revisions.c.pages, revisions.c.warnings, revisions.c.quality)
        .join(revisions, revisions.c.key == extracted_texts.c.revision_key)
        .where(revisions.c.key.in_(revision_keys))
    )
    return {
        row.revision_key: ExtractedText(
            row.text, row.blocks, row.title, row.pages, row.warnings, row.quality, row.parser_version
        )
        for row in connection.execute(statement)
    }


def parsed_alike(connection: Connection, revision_keys: Sequence[int], parser_version: str) -> Mapping[int, int]:
    """For those of the revisions that have no text yet, another that this parser read from the same bytes."""
    waiting, other, made = revisions.alias("waiting"), revisions.alias("other"), extracted_texts.alias("made")
    have_one = select(extracted_texts.c.revision_key).where(extracted_texts.c.revision_key.in_(revision_keys))
    statement = (
        select(waiting.c.key, func.max(other.c.key))
        .join(
            other,
            and_(other.c.content_sha256 == waiting.c.content_sha256, other.c.media_type == waiting.c.media_type),
        )
        .join(made, made.c.revision_key == other.c.key)
        .where(
            waiting.c.key.in_(revision_keys),
            waiting.c.key.not_in(have_one),
            made.c.parser_version == parser_version,
        )
        .group_by(waiting.c.key)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def copy_text(connection: Connection, source: int, target: int) -> None:
    """Gives the target revision the extracted text of the source; nothing if the source has just been deleted."""
    stated = select(revisions.c.pages, revisions.c.warnings, revisions.c.quality).where(revisions.c.key == source)
    found = connection.execute(stated).first()
    if found is None:
        return
    connection.execute(update(revisions).where(revisions.c.key == target).values(found._asdict()))
    columns = [column for column in extracted_texts.c if column.name != "revision_key"]
    copied = select(literal(target), *columns).where(extracted_texts.c.revision_key == source)
    connection.execute(insert(extracted_texts).from_select(["revision_key", *columns], copied))


def load_text(connection: Connection, revision_key: int) -> ExtractedText:
    """The extracted text; raises `NotFound` while there is none."""
    found = load_texts(connection, [revision_key])
    if revision_key not in found:
        raise NotFound("The text of this document has not been extracted yet; look at its status.")
    return found[revision_key]


def activate(connection: Connection, revision_keys: Sequence[int]) -> None:
    """Makes the revisions those that searches see; their predecessors disappear in the same transaction."""
    if not revision_keys:
        return
    connection.execute(
        update(revisions)
        .where(revisions.c.key.in_(revision_keys))
        .values(status="ready", stage=None, error_code=None, error_detail=None, finished_at=time.time())
    )
    statement = (
        select(documents.c.key, documents.c.collection, documents.c.active_revision, revisions.c.key.label("revision"))
        .join(revisions, revisions.c.document_key == documents.c.key)
        .where(revisions.c.key.in_(revision_keys))
        .order_by(revisions.c.key)
    )
    switched = [row for row in connection.execute(statement).all() if row.active_revision != row.revision]
    if not switched:
        return
    replaced = [(row.collection, row.active_revision) for row in switched if row.active_revision is not None]
    changes.append(connection, "removed", replaced)
    collection_trees.withdraw(connection, [key for _, key in replaced])
    graph.withdraw(connection, [key for _, key in replaced])
    changes.append(connection, "added", [(row.collection, row.revision) for row in switched])
    switches = [{"document": row.key, "revision": row.revision} for row in switched]
    connection.execute(
        update(documents).where(documents.c.key == bindparam("document")).values(active_revision=bindparam("revision")),
        switches,
    )
    connection.execute(
        delete(revisions).where(
            revisions.c.document_key == bindparam("document"), revisions.c.key < bindparam("revision")
        ),
        switches,
    )


def fail(connection: Connection, revision_key: int, code: str, detail: str) -> None:
    """Parks the revision with the reason; whatever was ready before stays visible."""
    connection.execute(
        update(revisions)
        .where(revisions.c.key == revision_key)
        .values(status="failed", stage=None, error_code=code, error_detail=detail, finished_at=time.time())
    )


def _update(connection: Connection, rows: Sequence[Mapping[str, Json]]) -> None:
    """Sets the named columns of each row's `revision`."""
    if rows:
        columns: dict[str, Json] = {name: bindparam(name) for name in rows[0] if name != "revision"}
        connection.execute(update(revisions).where(revisions.c.key == bindparam("revision")).values(columns), rows)
