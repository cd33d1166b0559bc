"""Is every document whole: visible if it is ready, with the chunks of its text, each with a vector?"""

from collections.abc import Iterator

from sqlalchemy import Select, and_, exists, func, select

from app.checks.finding import FIX, RESTORE, Finding, Scene
from app.checks.repairs import ProcessAgain
from retrieval.store.schema import (
    changes,
    chunks,
    documents,
    extracted_texts,
    node_vectors,
    representations,
    revisions,
    tree_nodes,
)

_VISIBLE = chunks.join(documents, documents.c.active_revision == chunks.c.revision_key)
_LATEST = revisions.alias("latest")


def check_documents(scene: Scene) -> Iterator[Finding]:
    """Faults of documents; one that is being processed anew is left alone, that mends it."""
    lost = select(documents.c.id, documents.c.name).where(
        ~exists().where(revisions.c.key == documents.c.latest_revision)
    )
    for row in scene.connection.execute(lost):
        yield Finding(f"Document {row.id} ({row.name}) has no revision.", RESTORE)
    faults = {
        "is ready but not searchable": _hidden(),
        "became visible without a change number": _silent(),
        "has a chunk twice": _doubled(),
        "has chunks without a vector": _bare(scene.model_id),
        "has summaries without a vector": _bare_nodes(scene.model_id),
    }
    for fault, statement in faults.items():
        for document_key in scene.connection.scalars(statement.distinct()).all():
            yield from _finding(scene, document_key, fault)
    for document_key in _displaced(scene):
        yield from _finding(scene, document_key, "has a chunk that is not the text at its offsets")


def _finding(scene: Scene, document_key: int, fault: str) -> Iterator[Finding]:
    statement = (
        select(documents, _LATEST.c.status, _LATEST.c.content_sha256.label("original"))
        .join(_LATEST, _LATEST.c.key == documents.c.latest_revision)
        .where(documents.c.key == document_key)
    )
    row = scene.connection.execute(statement).first()
    if row is None or row.status in ("queued", "processing"):
        return
    problem = f"Document {row.id} ({row.name}) {fault}."
    if row.status == "failed":
        yield Finding(problem, f"Replace it: curl -X PUT -F file=@FILE http://127.0.0.1:8000/v1/documents/{row.id}")
    elif row.original in scene.damaged:
        upload = f"Upload the same file again: scholiast add FILE --collection {row.collection}"
        yield Finding(problem, f"{upload}; then run: scholiast doctor --fix")
    else:
        yield Finding(problem, f"{FIX} (processes it again)", ProcessAgain(row.id))


def _hidden() -> Select[int]:
    return (
        select(documents.c.key)
        .join(revisions, documents.c.latest_revision == revisions.c.key)
        .where(revisions.c.status == "ready", documents.c.active_revision.is_distinct_from(revisions.c.key))
    )


def _silent() -> Select[int]:
    logged = select(changes.c.revision_key).where(changes.c.kind == "added")
    return select(documents.c.key).where(
        documents.c.active_revision.is_not(None), documents.c.active_revision.not_in(logged)
    )


def _doubled() -> Select[int]:
    return (
        select(documents.c.key)
        .select_from(_VISIBLE)
        .group_by(documents.c.key, chunks.c.ordinal)
        .having(func.count() > 1)
    )


def _bare(model_id: str | None) -> Select[int]:
    """Without the model's id any vector will do."""
    has_vector = and_(representations.c.chunk_key == chunks.c.key, representations.c.kind == "text")
    if model_id is not None:
        has_vector = and_(has_vector, representations.c.model_id == model_id)
    return select(documents.c.key).select_from(_VISIBLE).where(~exists().where(has_vector))


def _bare_nodes(model_id: str | None) -> Select[int]:
    has_vector = node_vectors.c.node_key == tree_nodes.c.key
    if model_id is not None:
        has_vector = and_(has_vector, node_vectors.c.model_id == model_id)
    return (
        select(documents.c.key)
        .join(tree_nodes, tree_nodes.c.revision_key == documents.c.active_revision)
        .where(~exists().where(has_vector))
    )


def _displaced(scene: Scene) -> Iterator[int]:
    statement = (
        select(documents.c.key, chunks.c.text, chunks.c.start, chunks.c.end, extracted_texts.c.text.label("whole"))
        .select_from(_VISIBLE)
        .join(extracted_texts, extracted_texts.c.revision_key == chunks.c.revision_key)
        .execution_options(yield_per=100)
    )
    found = {row.key for row in scene.connection.execute(statement) if row.whole[row.start : row.end] != row.text}
    yield from sorted(found)
