"""The search route."""

import uuid

from fastapi import APIRouter

from app.dependencies import ServiceDep
from app.schemas.search import SearchHit, SearchHits, SearchQuery, TraceDetails
from retrieval.types import Hit, SearchRequest

router = APIRouter(prefix="/v1", tags=["search"])


@router.post("/search")
def search(service: ServiceDep, query: SearchQuery) -> SearchHits:
    """The best chunks for a query, with the reasons for their ranks and the trace of every stage."""
    request = SearchRequest(
        query=query.query,
        collection=query.collection,
        k=query.options.k or query.k,
        filter=query.filter,
        representations=frozenset(query.options.representations) if query.options.representations else None,
        tree_search=query.options.tree_search,
        rerank=query.options.rerank,
    )
    result = service.engines.retriever.search(request)
    service.metrics.observe_trace(result.trace)
    return SearchHits(
        request_id=str(uuid.uuid4()),
        hits=[hit_details(hit) for hit in result.hits],
        trace=TraceDetails(**result.trace.as_dict()),
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
    )
