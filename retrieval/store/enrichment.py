"""The state of what follows after a revision is ready: waiting, running, retrying, then done, failed or off."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from retrieval.representations import DEFAULT_WRITER, MADE_BY_DEFAULT
from retrieval.store import changes, collections, digests
from retrieval.store.schema import chunks, documents, embedding_models, representations, revisions, tree_nodes
from retrieval.store.schema import collections as collections_table
from retrieval.types import Json

UNFINISHED = ("waiting", "running", "retrying")
# A revision that is found in this state was being enriched when its worker died; the second time it is given up.
_STARTED = {"waiting": "running", "running": "retrying"}


@dataclass(frozen=True, slots=True)
class EnrichmentTask:
    """A visible revision that waits for enrichment."""

    revision_key: int
    collection: str
    document_id: str
    document: str  # its display name
    settings: Json  # of the collection
    state: str


def waiting(connection: Connection, limit: int) -> Sequence[EnrichmentTask]:
    """Visible revisions that are not enriched yet, oldest first; those of paused collections are left out."""
    rows = connection.execute(
        select(
            revisions.c.key,
            documents.c.collection,
            documents.c.id,
            documents.c.name,
            collections_table.c.settings,
            revisions.c.enrichment,
        )
        .join(documents, documents.c.active_revision == revisions.c.key)
        .join(collections_table, collections_table.c.name == documents.c.collection)
        .where(revisions.c.enrichment.in_(UNFINISHED), documents.c.collection.not_in(_paused(connection)))
        .order_by(revisions.c.key)
        .limit(limit)
    )
    return [EnrichmentTask(*row) for row in rows]


def finish_plain(connection: Connection, tasks: Sequence[EnrichmentTask]) -> set[int]:
    """Ends those tasks that have nothing to add nor to take away, unheard by readers; gives their revisions."""
    keys = [task.revision_key for task in tasks]
    enriched = set(connection.scalars(select(tree_nodes.c.revision_key).where(tree_nodes.c.revision_key.in_(keys))))
    enriched |= set(
        connection.scalars(
            select(chunks.c.revision_key)
            .join(representations, representations.c.chunk_key == chunks.c.key)
            .where(chunks.c.revision_key.in_(keys), representations.c.kind != "text")
        )
    )
    bare = set(keys) - enriched - digests.owners(connection, keys)
    finish(connection, list(bare), "done")
    return bare


def begin(connection: Connection, task: EnrichmentTask) -> bool:
    """Notes that the work starts; False if it brought its worker down twice already and is given up."""
    state = _STARTED.get(task.state)
    if state is None:
        finish(connection, [task.revision_key], "failed", "It stopped the worker twice without a reason.")
        return False
    connection.execute(
        update(revisions)
        .where(revisions.c.key == task.revision_key)
        .values(enrichment=state, enrichment_stage="sentences", enrichment_done=0, enrichment_total=0)
    )
    return True


def note(connection: Connection, revision_key: int, stage: str, done: int, total: int) -> None:
    """Notes how far a stage is, in units of its own."""
    connection.execute(
        update(revisions)
        .where(revisions.c.key == revision_key)
        .values(enrichment_stage=stage, enrichment_done=done, enrichment_total=total)
    )


def finish(connection: Connection, revision_keys: Sequence[int], state: str, detail: str | None = None) -> None:
    """Ends the enrichment as done, failed (with the reason) or off."""
    connection.execute(
        update(revisions)
        .where(revisions.c.key.in_(revision_keys))
        .values(enrichment=state, enrichment_stage=None, enrichment_detail=detail)
    )


def got_somewhere(connection: Connection, revision_key: int) -> None:
    """Clears the record of a revision whose enrichment got further: what brings a worker down gets nowhere."""
    connection.execute(
        update(revisions)
        .where(revisions.c.key == revision_key, revisions.c.enrichment == "retrying")
        .values(enrichment="running")
    )


def is_wanted(connection: Connection, task: EnrichmentTask) -> bool:
    """Whether the revision is still visible and its collection still asks for what the task makes."""
    now = _settings_now(connection, task)
    return now is not None and now.get("enrichment") != "off" and _made(now) == _made(task.settings)


def goes_on(connection: Connection, task: EnrichmentTask) -> bool:
    """Whether work on the task may continue: it is wanted, and its collection is not paused."""
    now = _settings_now(connection, task)
    return now is not None and now.get("enrichment") != "paused" and is_wanted(connection, task)


def publish(connection: Connection, task: EnrichmentTask, remark: str | None = None) -> None:
    """Lets searches see what was added to the revision, from the commit on."""
    changes.append(connection, "added", [(task.collection, task.revision_key)])
    finish(connection, [task.revision_key], "done", remark)


def counts(connection: Connection, revision_key: int) -> tuple[int, int]:
    """How many representations the revision's chunks have, their texts included, and nodes its tree."""
    represented = connection.scalar(
        select(func.count())
        .select_from(representations)
        .join(chunks, chunks.c.key == representations.c.chunk_key)
        .join(embedding_models, embedding_models.c.model_id == representations.c.model_id)
        .where(chunks.c.revision_key == revision_key, embedding_models.c.role == "active")
    )
    nodes = connection.scalar(
        select(func.count()).select_from(tree_nodes).where(tree_nodes.c.revision_key == revision_key)
    )
    return represented or 0, nodes or 0


def repeat(connection: Connection, collection: str) -> None:
    """Enriches every document of the collection anew, because its settings changed; raises `NotFound`."""
    collections.get(connection, collection)
    keys = select(documents.c.active_revision).where(documents.c.collection == collection)
    connection.execute(
        update(revisions).where(revisions.c.key.in_(keys)).values(enrichment="waiting", enrichment_detail=None)
    )


def switched_on(connection: Connection, names: Sequence[str]) -> Sequence[str]:
    """Those of the collections whose enrichment is neither paused nor off."""
    rows = connection.execute(
        select(collections_table.c.name, collections_table.c.settings)
        .where(collections_table.c.name.in_(names))
        .order_by(collections_table.c.name)
    )
    return [name for name, settings in rows if settings.get("enrichment", "on") == "on"]


def _settings_now(connection: Connection, task: EnrichmentTask) -> Json | None:
    """The settings of the revision's collection; None if the revision is not visible any more."""
    return connection.scalar(
        select(collections_table.c.settings)
        .join(documents, documents.c.collection == collections_table.c.name)
        .where(documents.c.active_revision == task.revision_key)
    )


def _made(settings: Json) -> Json:
    """What settings ask to be made, by whom."""
    return sorted(settings.get("representations", MADE_BY_DEFAULT)), settings.get(
        "representation_writer", DEFAULT_WRITER
    )


def _paused(connection: Connection) -> Sequence[str]:
    rows = connection.execute(select(collections_table.c.name, collections_table.c.settings))
    return [name for name, settings in rows if settings.get("enrichment") == "paused"]
