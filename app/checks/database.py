"""Is the database itself sound, and every original that it names?"""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from app.checks.finding import RESTORE, Finding, Scene
from retrieval.store.blobs import BlobStore
from retrieval.store.schema import documents, revisions


def check_integrity(connection: Connection) -> Iterator[Finding]:
    """What SQLite finds wrong with its file; another database looks after itself."""
    if connection.dialect.name == "sqlite":
        for row in connection.exec_driver_sql("PRAGMA integrity_check"):
            if row[0] != "ok":
                yield Finding(f"The database reports: {row[0]}", RESTORE)
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield Finding(f"A row of {row[0]} belongs to a row of {row[2]} that does not exist.", RESTORE)


def damaged_originals(connection: Connection, blobs: BlobStore) -> frozenset[str]:
    """The sha256 of originals that are missing or damaged; reads all of them."""
    stored = set(blobs.names())
    named = connection.scalars(select(revisions.c.content_sha256).distinct())
    return frozenset(sha256 for sha256 in named if sha256 not in stored or blobs.damaged(sha256))


def check_originals(scene: Scene) -> Iterator[Finding]:
    """Originals that are missing or damaged, with the documents they belong to."""
    statement = (
        select(revisions.c.content_sha256, documents.c.name, documents.c.collection)
        .join(documents, documents.c.key == revisions.c.document_key)
        .where(revisions.c.content_sha256.in_(scene.damaged))
        .distinct()
    )
    stored = set(scene.storage.blobs.names())
    for sha256, name, collection in scene.connection.execute(statement):
        state = "damaged" if sha256 in stored else "missing"
        yield Finding(
            f"The original file {sha256[:12]} of {name} is {state}.",
            f"Upload the same file again: scholiast add FILE --collection {collection}",
        )
