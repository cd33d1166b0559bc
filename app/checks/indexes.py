"""Does every index hold exactly what its collection held at its change number, by a model in use?"""

from collections.abc import Iterator

import numpy as np
from sqlalchemy import select

from app.checks.finding import FIX, Finding, Scene
from app.checks.repairs import DropIndex
from retrieval.analysis import ANALYSER
from retrieval.errors import IndexDamaged
from retrieval.indexes.segment import Segment
from retrieval.store import generations, models
from retrieval.store.generations import Generation
from retrieval.store.schema import changes, chunks, documents


def check_indexes(scene: Scene) -> Iterator[Finding]:
    """Indexes that are missing, damaged or not what the database says."""
    for generation in generations.listed(scene.connection):
        fault = _fault(scene, generation)
        if fault is not None and _is_listed(scene, generation):
            problem = f"The index of collection {generation.collection} {fault}"
            yield Finding(problem, f"{FIX} (drops it, the worker rebuilds it)", DropIndex(generation))


def _is_listed(scene: Scene, generation: Generation) -> bool:
    """False for one that a running worker has replaced, and swept away, since the check began."""
    with scene.storage.database.read() as now:
        return any(other.key == generation.key for other in generations.listed(now))


def _fault(scene: Scene, generation: Generation) -> str | None:
    try:
        segment = scene.storage.files.load(generation)
    except IndexDamaged as damage:
        return f"is damaged (analyser {ANALYSER}): {damage.detail}"
    if generation.model_id not in {model.model_id for model in models.listed(scene.connection)}:
        return f"was made with the model {generation.model_id}, which is not in use."
    if len(segment.chunk_keys) != len(np.unique(segment.chunk_keys)):
        return "has a chunk twice."
    indexed, stored = _indexed(scene, generation, segment), _stored(scene, generation)
    if indexed != stored:
        return f"has {len(indexed - stored)} chunks too many and {len(stored - indexed)} too few."
    return None


def _indexed(scene: Scene, generation: Generation, segment: Segment) -> set[int]:
    """The chunks in the index, less those whose revision went away since."""
    removed = select(changes.c.revision_key).where(
        changes.c.collection == generation.collection,
        changes.c.kind == "removed",
        changes.c.number > generation.change_number,
    )
    gone = list(scene.connection.scalars(removed))
    return set(segment.chunk_keys[~np.isin(segment.revision_keys, gone)].tolist())


def _stored(scene: Scene, generation: Generation) -> set[int]:
    """The visible chunks of revisions that the index should know."""
    known = select(changes.c.revision_key).where(
        changes.c.kind == "added", changes.c.number <= generation.change_number
    )
    statement = (
        select(chunks.c.key)
        .join(documents, documents.c.active_revision == chunks.c.revision_key)
        .where(documents.c.collection == generation.collection, chunks.c.revision_key.in_(known))
    )
    return set(scene.connection.scalars(statement))
