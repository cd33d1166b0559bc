"""The route of questions to tables."""

import uuid

from fastapi import APIRouter

from app.dependencies import ServiceDep
from app.schemas.search import TraceDetails
from app.schemas.sql import EvidenceDetails, SqlAnswer, SqlQuestion
from retrieval.construction.table_questions import TableQuestion

router = APIRouter(prefix="/v1", tags=["tables"])


@router.post("/sql")
def ask_tables(service: ServiceDep, question: SqlQuestion) -> SqlAnswer:
    """Answers a question from the tables in documents, with the statement, its rows and the rows it stands on."""
    asked = TableQuestion(question.collection, question.question, question.sql, question.filter)
    answer = service.sources.tables.ask(asked)
    service.metrics.observe_trace(answer.trace)
    return SqlAnswer(
        request_id=str(uuid.uuid4()),
        sql=answer.sql,
        columns=answer.result.columns if answer.result is not None else (),
        rows=answer.result.rows if answer.result is not None else (),
        cut=answer.result is not None and answer.result.cut,
        evidence=[EvidenceDetails.model_validate(row) for row in answer.evidence],
        reason=answer.reason,
        trace=TraceDetails(**answer.trace.as_dict()),
    )
