"""The ask route: an answer with citations, whole or streamed."""

import json
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel

from app import errors
from app.answer_stream import drawn, whole
from app.dependencies import ServiceDep
from app.routes.search import hit_details
from app.schemas.ask import AnswerDetails, CitationDetails, ClaimDetails, Question, ShortAnswer, UsageDetails
from app.schemas.search import TraceDetails
from app.service import Service
from generation.answer import AnswerRequest
from generation.types import (
    Answer,
    AnswerEvent,
    Citation,
    CitationEvent,
    Claim,
    ClaimEvent,
    DoneEvent,
    GenerationOptions,
    Message,
    StageEvent,
    TokenEvent,
)
from retrieval.errors import ScholiastError
from retrieval.impression_log import impression_of
from retrieval.store import collections, conversations

router = APIRouter(prefix="/v1", tags=["ask"])
# Turns of a kept conversation that an answer can look back at; the prompt drops the oldest of what it has no room for.
_REMEMBERED_TURNS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """A question under the id that feedback names it by."""

    request_id: str
    question: Question


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "The answer; with `stream: true` the events `stage`, `token`, `citation`, `claim`, `done`,"
        " `error`.",
    }
}


@router.post("/ask", response_model=AnswerDetails, responses=_STREAM)
def ask(service: ServiceDep, question: Question) -> AnswerDetails | StreamingResponse:
    """An answer from the documents, every citation checked; `abstained` when they do not say."""
    answerer = service.engines.answerer  # raises before anything is streamed while the models load
    asked = Asked(str(uuid.uuid4()), question)
    cancelled = threading.Event()
    answered = answerer.answer(_request(service, question, _history(service, question)), cancelled.is_set)
    events = _noted(service, asked, answered)
    if question.stream:
        # The first event is made here, so that an unknown collection or a full queue is a plain error response.
        first = next(events)
        stream = _encoded(asked, chain([first], events), cancelled)
        return StreamingResponse(stream, media_type="text/event-stream")
    return _details(asked, whole(events))


def _history(service: Service, question: Question) -> Sequence[Message]:
    """What was said before, as the client tells or as the service kept it; a new conversation begins here.

    Raises `Conflict` for a conversation about another collection, `NotFound` for a collection that does not exist.
    """
    if question.conversation_id is None:
        return [Message(turn.role, turn.content) for turn in question.history]
    with service.storage.database.write() as connection:
        collections.get(connection, question.collection)
        conversation = conversations.ensure(connection, question.conversation_id, question.collection)
        turns = conversations.latest(connection, conversation.key, _REMEMBERED_TURNS)
    said = [(Message("user", turn.question), Message("assistant", turn.answer or "")) for turn in turns]
    return [message for pair in said for message in pair if message.content]


def _noted(service: Service, asked: Asked, events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
    """The events; the answer is counted and kept by whoever draws it, which no event loop does."""
    for event in events:
        if isinstance(event, DoneEvent):
            answer, question = event.answer, asked.question
            service.metrics.observe_answer(answer)
            _keep(service, asked, answer)
            service.impressions.note(
                impression_of(
                    asked.request_id,
                    question.collection,
                    "answer",
                    question.question,
                    answer.passages,
                    answer.trace,
                )
            )
        yield event


def _keep(service: Service, asked: Asked, answer: Answer) -> None:
    """Adds the turn to its conversation, if it has one."""
    question = asked.question
    if question.conversation_id is not None:
        turn = conversations.Turn(asked.request_id, question.question, answer.text, time.time())
        sources = {hit.chunk.document_id for hit in answer.passages}
        with service.storage.database.write() as connection:
            conversations.add(connection, question.conversation_id, turn, sources)


def _request(service: Service, question: Question, history: Sequence[Message]) -> AnswerRequest:
    options = question.options
    return AnswerRequest(
        question=question.question,
        collection=question.collection,
        history=history,
        filter=question.filter,
        k=options.k or service.settings.answer_passages,
        representations=frozenset(options.representations) if options.representations else None,
        tree_search=options.tree_search,
        rerank=options.rerank,
        construct_filter=options.construct_filter,
        translation=options.translation,
        max_ms=options.max_ms,
        max_llm_calls=options.max_llm_calls,
        route=options.route,
        fixed=frozenset({"k", "route", "translation"} & options.model_fields_set),
        mode=options.mode,
        samples=options.samples,
        options=GenerationOptions(
            max_tokens=options.max_tokens,
            temperature=options.temperature,
            top_p=options.top_p,
            top_k=options.top_k,
            min_p=options.min_p,
            repetition_penalty=options.repetition_penalty,
            beams=options.beams,
            seed=options.seed,
        ),
    )


async def _encoded(asked: Asked, events: Iterator[AnswerEvent], cancelled: threading.Event) -> AsyncIterator[bytes]:
    """The events as server-sent events."""
    try:
        async with aclosing(drawn(events, cancelled)) as following:
            async for event in following:
                yield _sse(*_shown(asked, event))
    except ScholiastError as error:
        yield _sse("error", errors.body(error))


def _shown(asked: Asked, event: AnswerEvent) -> tuple[str, Any]:
    """Name and data of the event."""
    match event:
        case StageEvent(stage, milliseconds):
            return "stage", {"stage": stage, "milliseconds": milliseconds}
        case TokenEvent(text):
            return "token", {"text": text}
        case CitationEvent(citation):
            return "citation", citation_details(citation)
        case ClaimEvent(claim):
            return "claim", claim_details(claim)
        case DoneEvent(answer):
            return "done", _details(asked, answer)


def _sse(name: str, data: Any) -> bytes:
    encoded = data.model_dump_json() if isinstance(data, BaseModel) else json.dumps(data, ensure_ascii=False)
    return format_sse_event(event=name, data_str=encoded)


def _details(asked: Asked, answer: Answer) -> AnswerDetails:
    usage = answer.usage
    return AnswerDetails(
        request_id=asked.request_id,
        conversation_id=asked.question.conversation_id,
        answer=answer.text,
        short_answer=_short_answer(answer),
        citations=[citation_details(citation) for citation in answer.citations],
        passages=[hit_details(hit) for hit in answer.passages],
        abstained=answer.abstained,
        claims=[claim_details(claim) for claim in answer.claims],
        trace=TraceDetails(**answer.trace.as_dict()),
        usage=UsageDetails.model_validate(usage, from_attributes=True) if usage is not None else None,
    )


def _short_answer(answer: Answer) -> ShortAnswer | None:
    if answer.short is None:
        return None
    start, end = answer.short
    return ShortAnswer(text=answer.text[start:end], start=start, end=end)


def citation_details(citation: Citation) -> CitationDetails:
    """The citation as the API shows it."""
    return CitationDetails.model_validate(citation, from_attributes=True)


def claim_details(claim: Claim) -> ClaimDetails:
    """The claim as the API shows it."""
    return ClaimDetails.model_validate(claim, from_attributes=True)
