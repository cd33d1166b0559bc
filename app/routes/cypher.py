"""The route of questions to the graph."""

import uuid

from fastapi import APIRouter

from app.dependencies import ServiceDep
from app.schemas.cypher import CypherAnswer, CypherQuestion, ProvenanceDetails
from app.schemas.search import TraceDetails
from retrieval.graph.questions import GraphQuestion, Provenance

router = APIRouter(prefix="/v1", tags=["graph"])


@router.post("/cypher")
def ask_graph(service: ServiceDep, question: CypherQuestion) -> CypherAnswer:
    """Answers a question from the graph of entities in documents, with the statement and the places it stands on."""
    answer = service.sources.graph.ask(GraphQuestion(question.collection, question.question, question.cypher))
    service.metrics.observe_trace(answer.trace)
    return CypherAnswer(
        request_id=str(uuid.uuid4()),
        cypher=answer.cypher,
        columns=answer.result.columns if answer.result is not None else (),
        rows=answer.result.rows if answer.result is not None else (),
        cut=answer.result is not None and answer.result.cut,
        provenance=[_details(place) for place in answer.provenance],
        reason=answer.reason,
        trace=TraceDetails(**answer.trace.as_dict()),
    )


def _details(place: Provenance) -> ProvenanceDetails:
    return ProvenanceDetails(
        chunk_id=place.chunk.id,
        document_id=place.chunk.document_id,
        document=place.chunk.document,
        page=place.chunk.page,
        start=place.chunk.start + place.start,
        end=place.chunk.start + place.end,
        quote=place.quote,
    )
