"""The feedback route: what people made of what they were shown."""

from fastapi import APIRouter

from app.dependencies import ServiceDep
from app.schemas.feedback import Feedback
from retrieval.errors import InvalidRequest
from retrieval.store import impressions

router = APIRouter(prefix="/v1", tags=["feedback"])


@router.post("/feedback", status_code=204)
def feedback(service: ServiceDep, given: Feedback) -> None:
    """Notes a click or a judgement, from which the ranker can later learn; the same again changes nothing."""
    if given.chunk_id is not None and given.citation is not None:
        raise InvalidRequest("Name the hit by its chunk or by its number, not by both.", field="citation")
    service.impressions.flush()  # a click may come before what it was made on is written
    with service.storage.database.write() as connection:
        impressions.judge(connection, given.request_id, given.chunk_id, given.citation, given.value)
