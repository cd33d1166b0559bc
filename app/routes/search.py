"""The search route."""

import random
import uuid

from fastapi import APIRouter

from app.dependencies import ServiceDep
from app.schemas.search import (
    ChangeDetails,
    FeatureDetails,
    SearchHit,
    SearchHits,
    SearchQuery,
    StageDetails,
    TraceDetails,
    WhyDetails,
    WhyQuery,
)
from retrieval.exploration import swap_neighbours
from retrieval.impression_log import impression_of
from retrieval.types import Hit, SearchRequest
from retrieval.why_not import why_not

router = APIRouter(prefix="/v1", tags=["search"])
_COIN = random.Random()  # noqa: S311 - it decides an order, not a secret


@router.post("/search")
def search(service: ServiceDep, query: SearchQuery) -> SearchHits:
    """The best chunks for a query, with the reasons for their ranks and the trace of every stage."""
    result = service.engines.retriever.search(_request(query))
    hits, explored = swap_neighbours(result.hits, service.settings.exploration, _COIN)
    if explored:
        with result.trace.stage("explore") as stage:
            stage.record(pairs_from=explored)  # the order of neighbours from here on was left to a coin
    service.metrics.observe_trace(result.trace)
    request_id = str(uuid.uuid4())
    service.impressions.note(
        impression_of(request_id, query.collection, "search", query.query, hits, result.trace, explored)
    )
    return SearchHits(
        request_id=request_id,
        hits=[hit_details(hit) for hit in hits],
        trace=TraceDetails(**result.trace.as_dict()),
    )


@router.post("/search/why")
def why(service: ServiceDep, query: WhyQuery) -> WhyDetails:
    """Why a document or chunk is not among the hits of this search: the stage, the rank, what would change it."""
    found = why_not(service.storage.database, service.engines.retriever, _request(query), query.document, query.chunk)
    return WhyDetails(
        document_id=found.document_id,
        chunk_id=found.chunk_id,
        fell_out=found.fell_out,
        rank=found.rank,
        sentences=found.sentences,
        stages=[StageDetails.model_validate(verdict) for verdict in found.stages],
        features=[FeatureDetails.model_validate(feature) for feature in found.features],
        last_hit=hit_details(found.last_hit) if found.last_hit is not None else None,
        changes=[ChangeDetails.model_validate(change) for change in found.changes],
        trace=TraceDetails(**found.trace.as_dict()),
    )


def _request(query: SearchQuery) -> SearchRequest:
    options = query.options
    return SearchRequest(
        query=query.query,
        collection=query.collection,
        k=options.k or query.k,
        filter=query.filter,
        representations=frozenset(options.representations) if options.representations else None,
        tree_search=options.tree_search,
        rerank=options.rerank,
        construct_filter=options.construct_filter,
        translation=options.translation,
        max_ms=options.max_ms,
        max_llm_calls=options.max_llm_calls,
        route=options.route,
        candidates=options.candidates,
        late_interaction=options.late_interaction,
        cross_encoder=options.cross_encoder,
    )


def hit_details(hit: Hit) -> SearchHit:
    """The hit as the API shows it."""
    return SearchHit(
        chunk_id=hit.chunk.id,
        document_id=hit.chunk.document_id,
        document=hit.chunk.document,
        text=hit.chunk.text,
        page=hit.chunk.page,
        start=hit.chunk.start,
        end=hit.chunk.end,
        headings=hit.chunk.headings,
        score=hit.score,
        why=dict(hit.why),
        statement=hit.computed.statement if hit.computed is not None else None,
    )
