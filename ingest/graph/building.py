"""Makes the graphs of visible documents that have none: the enrichment thread's first work once ingest is quiet.

The marks of documents that were read (`graph_documents`) are its queue: it finds there what is new, what a killed
worker left half-way, what an older version of the extraction read, and what a collection wants no more.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

from ingest.graph.extraction import VERSION, document_graph
from ingest.precedence import EnrichmentStopped
from retrieval import failpoints
from retrieval.errors import StorageFull
from retrieval.graph.types import DocumentGraph
from retrieval.store import graph
from retrieval.store.database import Database
from retrieval.store.graph import GraphTask

_LOGGER = logging.getLogger(__name__)
_TASKS = 64
# Chunks whose part of the graph is stored in one transaction: the others get to write in between.
_CHUNKS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class GraphTools:
    """What it takes. `go_first` lets more urgent work pass; it raises `EnrichmentStopped` at the end."""

    database: Database
    go_first: Callable[[], None]


def update_graphs(tools: GraphTools) -> int:
    """Makes graphs until none is missing, and drops those that are not wanted; gives how many were made.

    Raises `EnrichmentStopped` where more urgent work waits: the next round goes on.
    """
    _drop_unwanted(tools)
    made = 0
    while True:
        tools.go_first()
        with tools.database.read() as connection:
            tasks = graph.waiting(connection, VERSION, _TASKS)
        if not tasks:
            return made
        done = [task for task in tasks if _make(tools, task)]
        with tools.database.write() as connection:
            graph.announce(connection, {task.collection for task in done})
        made += len(done)


def _drop_unwanted(tools: GraphTools) -> None:
    while True:
        with tools.database.write() as connection:
            unwanted = graph.switched_off(connection)
            graph.withdraw(connection, [key for _, key in unwanted])
            graph.announce(connection, {name for name, _ in unwanted})
        if not unwanted:
            return


def _make(tools: GraphTools, task: GraphTask) -> bool:
    """Reads a document and stores its graph; False if there is nothing to show for it."""
    with tools.database.write() as connection:
        if not graph.begin(connection, task, VERSION):
            return False
    failpoints.reached("graph.begun")
    try:
        with tools.database.read() as connection:
            chunks = graph.texts(connection, task.revision_key)
        found = document_graph(task.document, chunks, tools.go_first)
        for part in _parts(found, [chunk.key for chunk in chunks]):
            with tools.database.write() as connection:
                if not graph.is_begun(connection, task.revision_key):
                    return False  # deleted or replaced meanwhile
                graph.add(connection, task.collection, part)
                failpoints.reached("graph.stored")
    except (EnrichmentStopped, StorageFull):  # none of the document's doing: it goes on waiting
        with suppress(StorageFull), tools.database.write() as connection:
            graph.withdraw(connection, [task.revision_key])
        raise
    except Exception:  # the edge of the task: whatever it was concerns this document alone
        _LOGGER.exception("The graph of revision %d could not be made.", task.revision_key)
        with tools.database.write() as connection:
            graph.fail(connection, task.revision_key, VERSION)
        return False
    with tools.database.write() as connection:
        graph.finish(connection, [task.revision_key], "done")
    return True


def _parts(found: DocumentGraph, chunk_keys: Sequence[int]) -> Sequence[DocumentGraph]:
    """The graph in pieces for one transaction each."""
    place = {key: number // _CHUNKS_AT_ONCE for number, key in enumerate(chunk_keys)}
    mentions = {
        part: list(items)
        for part, items in groupby(
            sorted(found.mentions, key=lambda item: place[item.chunk_key]), key=lambda item: place[item.chunk_key]
        )
    }
    return [
        DocumentGraph(
            mentions[part],
            [item for item in found.edges if place[item.place.chunk_key] == part],
            [item for item in found.values if place[item.place.chunk_key] == part],
        )
        for part in sorted(mentions)
    ]
