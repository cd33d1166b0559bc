"""The worker's thread that enriches documents while no ingest job waits. The database is its queue.

Their graphs come first, which take milliseconds. When no document waits for the rest either, it brings the trees over
the collections up to date. One runs a data folder at a time, held by a file lock; a second worker only ingests. What a
worker was doing when it died is done again; what brings it down twice is given up.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from ingest.collection_tree import CollectionTreeTools, update_collection_tree
from ingest.enrichment import EnrichmentTools, asks_for_more, enrich_document
from ingest.file_lock import held
from ingest.graph.building import GraphTools, update_graphs
from ingest.model_on_demand import ModelOnDemand
from ingest.pipeline import IngestTools
from ingest.precedence import POLL_SECONDS, EnrichmentStopped, ingest_waits, may_go_on
from retrieval import failpoints
from retrieval.errors import StorageFull
from retrieval.store import changes, chunks, collection_trees, documents, enrichment, graph
from retrieval.store.database import Database
from retrieval.store.enrichment import EnrichmentTask
from retrieval.types import Json

_LOGGER = logging.getLogger(__name__)
_TASKS = 32
_PAUSE_ON_FULL_DISK_SECONDS = 15.0


class Enricher:
    """Takes visible revisions that wait for enrichment, oldest first."""

    def __init__(
        self,
        database: Database,
        tools: Callable[[], IngestTools],
        lock: Path,
        language_model: ModelOnDemand | None = None,
    ) -> None:
        """`tools` gives those with the embedding model that answers now."""
        self._database = database
        self._tools = tools
        self._lock = lock
        self._language_model = language_model
        self._graphs_are_of: Json = None  # the occasion that they were last brought up to date for
        self._given_up: dict[str, int] = {}  # collection -> the change at which its tree broke off

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set; returns at the end of the step it is in."""
        with held(self._lock, stop) as mine:
            while mine and not stop.wait(POLL_SECONDS):
                try:
                    self.enrich_waiting(stop)
                    self._release_model()
                except StorageFull:
                    _LOGGER.warning("The disk is full; enrichment waits until there is room.")
                    stop.wait(_PAUSE_ON_FULL_DISK_SECONDS)
                except Exception:  # the edge of the thread: it must outlive a busy database
                    _LOGGER.exception("Enrichment was interrupted; it goes on in a moment.")

    def enrich_waiting(self, stop: threading.Event) -> None:
        """Enriches what waits now. A document that cannot be enriched is noted as failed and stays searchable.

        Raises `StorageFull`, which is none of the document's doing: it goes on waiting.
        """
        while not stop.is_set() and not ingest_waits(self._database):
            try:
                self._update_graphs(stop)
            except EnrichmentStopped:
                return
            current = self._tools()
            with self._database.read() as connection:
                tasks = _embedded(connection, enrichment.waiting(connection, _TASKS), current.model_id)
            if not tasks:
                self._update_collection_trees(current, stop)
                return
            # Most collections ask for the text alone: their documents are done together, at once.
            plain = [task for task in tasks if task.settings.get("enrichment") != "off" and not asks_for_more(task)]
            with self._database.write() as connection:
                finished = enrichment.finish_plain(connection, plain)
            for task in tasks:
                if task.revision_key not in finished:
                    self._enrich(current, task, stop)

    def _enrich(self, current: IngestTools, task: EnrichmentTask, stop: threading.Event) -> None:
        if task.settings.get("enrichment") == "off":
            with self._database.write() as connection:
                enrichment.finish(connection, [task.revision_key], "off")
            return
        with self._database.write() as connection:
            if not enrichment.begin(connection, task):
                return
        failpoints.reached("enrich.begun")
        try:
            enrich_document(self._enrichment_tools(current, task, stop), task)
        except EnrichmentStopped:
            self._put_back(task)
        except StorageFull:
            with suppress(StorageFull):  # then it counts as one attempt that broke off
                self._put_back(task)
            raise
        except Exception:
            # The edge of the task: whatever it was concerns this document alone.
            _LOGGER.exception("Document %s could not be enriched.", task.document_id)
            with self._database.write() as connection:
                enrichment.finish(connection, [task.revision_key], "failed", "Enrichment broke off; see the log.")

    def _update_collection_trees(self, current: IngestTools, stop: threading.Event) -> None:
        """Brings those up to date whose collection changed. One that cannot be is tried again with the next change."""
        with self._database.read() as connection:
            names = enrichment.switched_on(connection, collection_trees.behind(connection))
        for name in names:
            if self._given_up.get(name) == (number := self._newest_change(name)):
                continue
            tools = CollectionTreeTools(
                self._database, current.embed, current.model_id, partial(self._pass_collection_gate, name, stop)
            )
            try:
                update_collection_tree(tools, name)
            except EnrichmentStopped:
                return
            except StorageFull:
                raise
            except Exception:  # the edge of one tree: whatever it was, the documents' own trees are searched meanwhile
                _LOGGER.exception("The tree of collection %s could not be brought up to date.", name)
                self._given_up[name] = number

    def _update_graphs(self, stop: threading.Event) -> None:
        """Brings the graphs up to date; where nothing happened since the last time, without looking at documents."""
        with self._database.read() as connection:
            occasion = graph.occasion(connection)
        if occasion == self._graphs_are_of:
            return
        update_graphs(GraphTools(self._database, partial(self._pass_graph_gate, stop)))
        with self._database.read() as connection:
            self._graphs_are_of = graph.occasion(connection)

    def _pass_graph_gate(self, stop: threading.Event) -> None:
        """Returns if no ingest waits; raises `EnrichmentStopped` if it does: the next round goes on."""
        if stop.is_set() or ingest_waits(self._database):
            raise EnrichmentStopped

    def _newest_change(self, collection: str) -> int:
        with self._database.read() as connection:
            return changes.latest(connection, collection)

    def _pass_collection_gate(self, collection: str, stop: threading.Event) -> None:
        """Returns if nothing more urgent waits; raises `EnrichmentStopped` if it does: the next round goes on."""
        with self._database.read() as connection:
            on = enrichment.switched_on(connection, [collection])
            waits = documents.any_unfinished(connection) or enrichment.waiting(connection, 1)
        if stop.is_set() or waits or not on:
            raise EnrichmentStopped

    def _put_back(self, task: EnrichmentTask) -> None:
        with self._database.write() as connection:
            enrichment.finish(connection, [task.revision_key], "waiting")

    def _enrichment_tools(self, current: IngestTools, task: EnrichmentTask, stop: threading.Event) -> EnrichmentTools:
        return EnrichmentTools(
            self._database,
            current.count_tokens,
            current.embed,
            current.model_id,
            go_first=lambda: self._pass_gate(task, stop),
            language_model=self._language_model,
            cancelled=stop.is_set,
        )

    def _pass_gate(self, task: EnrichmentTask, stop: threading.Event) -> None:
        """Returns when the next step of the task may begin; raises `EnrichmentStopped` when there shall be none."""
        go_on = may_go_on(self._database, stop, meanwhile=self._release_model)
        with self._database.read() as connection:
            wanted = enrichment.goes_on(connection, task)
        if not (go_on and wanted):
            raise EnrichmentStopped

    def _release_model(self) -> None:
        if self._language_model is not None:
            self._language_model.release_if_idle()


def _embedded(connection: Connection, tasks: Sequence[EnrichmentTask], model_id: str) -> list[EnrichmentTask]:
    """Those whose texts the model has embedded; after a change of models the others wait until it has."""
    lacking = chunks.without_vector(connection, [task.revision_key for task in tasks], model_id)
    return [task for task in tasks if task.revision_key not in {item.revision_key for item in lacking}]
