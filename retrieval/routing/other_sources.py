"""The sources beside the chunks: which of them a question is for, what they say, and one order of all passages."""

from collections.abc import Mapping, Sequence

from retrieval.routing.names import SourceName
from retrieval.routing.source_router import Routed, SourceRouter, joined
from retrieval.store import documents
from retrieval.store.database import Database
from retrieval.trace import Trace
from retrieval.types import Hit, SearchRequest


class OtherSources:
    """Asks them; holds the router, which knows them, and the database, which knows what is visible."""

    def __init__(self, database: Database, router: SourceRouter) -> None:
        self._database = database
        self._router = router

    def route(self, request: SearchRequest, trace: Trace) -> Routed:
        """The sources that the request names, or that its question is meant for."""
        with trace.stage("route") as stage:
            routed = self._router.route(request.query, request.collection, request.route)
            stage.record(asked_for=request.route, sources=list(routed.sources), **routed.details)
        return routed

    def ask(
        self, request: SearchRequest, routed: Routed, allowed: Sequence[int] | None, trace: Trace
    ) -> Mapping[SourceName, Sequence[Hit]]:
        """The passages of the other sources, of documents that the filter lets through."""
        names = [name for name in routed.sources if name != "documents"]
        if not names:
            trace.skip("sources", "no other source is asked")
            return {}
        with trace.stage("sources") as stage, self._database.read() as connection:
            found = self._router.find(routed, request.query, request.collection)
            kept = {}
            for name, given in found.items():
                documents_named = {hit.chunk.document_id for hit in given.hits}
                visible = documents.visible_of(connection, documents_named, allowed)
                kept[name] = [hit for hit in given.hits if hit.chunk.document_id in visible]
                shown = [{"chunk_id": hit.chunk.id, "score": hit.score, "text": hit.chunk.text} for hit in kept[name]]
                stage.record(**{name: {"statement": given.statement, "hits": shown, **given.details}})
        return kept


def with_others(
    hits: Sequence[Hit], evidence_found: float, others: Mapping[SourceName, Sequence[Hit]], k: int
) -> tuple[Sequence[Hit], float]:
    """All passages in one order, and the evidence: what a statement surely gave counts for as much as it is sure."""
    if not any(others.values()):
        return hits, evidence_found
    given = [hit for found in others.values() for hit in found]
    sure = [hit.score for hit in given if hit.computed is not None and hit.computed.is_sure]
    if not hits and not sure:
        sure = [hit.score for hit in given]
    return joined(hits, others)[:k], max([evidence_found, *sure])
