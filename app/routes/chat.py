"""Chat completions in OpenAI's format, whole and streamed: answers from the documents, with citations beside them."""

import json
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app import openai_errors
from app.answer_stream import PatientStream, drawn, whole
from app.chat_request import answer_request
from app.dependencies import ServiceDep
from app.routes.ask import citation_details
from app.schemas.chat import AnswerMessage, ChatCompletion, ChatRequest, Choice, ReusedTokens, TokenUsage
from app.service import Service
from generation.answer import QUOTE_STAGE
from generation.settled_text import SettledText
from generation.types import Answer, AnswerEvent, DoneEvent
from retrieval.errors import ScholiastError

router = APIRouter(prefix="/v1", tags=["openai"], route_class=openai_errors.OpenAIRoute)

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "The answer; with `stream: true` its chunks, then `[DONE]`.",
    }
}


@dataclass(frozen=True, slots=True)
class _Completion:
    """What every part of one completion says about it."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))


@router.post("/chat/completions", response_model=ChatCompletion, responses={**openai_errors.RESPONSES, **_STREAM})
def complete_chat(service: ServiceDep, chat: ChatRequest) -> ChatCompletion | StreamingResponse:
    """An answer to the last message of the user; system messages are accepted, and not obeyed."""
    cancelled = threading.Event()
    events = service.engines.answerer.answer(answer_request(chat, service.settings), cancelled.is_set)
    completion = _Completion(chat.model)
    if chat.stream:
        usage_apart = bool(chat.stream_options and chat.stream_options.include_usage)
        pieces = _encoded(service, completion, events, cancelled, usage_apart)
        return PatientStream(pieces, openai_errors.response, "text/event-stream")
    answer = whole(events)
    service.metrics.observe_answer(answer)
    return ChatCompletion(
        id=completion.id,
        created=completion.created,
        model=completion.model,
        choices=[Choice(message=AnswerMessage(content=answer.text), finish_reason=_finish_reason(answer))],
        usage=_usage(answer),
        citations=[citation_details(citation) for citation in answer.citations],
        abstained=answer.abstained,
    )


async def _encoded(
    service: Service,
    completion: _Completion,
    events: Iterator[AnswerEvent],
    cancelled: threading.Event,
    usage_apart: bool,
) -> AsyncIterator[bytes]:
    """The answer as chunks; an error before the first of them is raised, a later one is the last thing sent."""
    settled, begun = SettledText(), False
    try:
        async with aclosing(drawn(events, cancelled)) as following:
            async for event in following:
                if text := settled.feed(event):
                    role = {} if begun else {"role": "assistant"}
                    begun = True
                    yield _chunk(completion, {**role, "content": text})
                if isinstance(event, DoneEvent):
                    service.metrics.observe_answer(event.answer)
                    for piece in _last_chunks(completion, event.answer, usage_apart):
                        yield piece
    except ScholiastError as error:
        if not begun:
            raise
        yield _sse(openai_errors.body(error))


def _last_chunks(completion: _Completion, answer: Answer, usage_apart: bool) -> Iterator[bytes]:
    """The end of a stream. Usage comes once: in a chunk of its own if the client asked for that."""
    usage = _usage(answer).model_dump()
    more = {
        "citations": [citation_details(citation).model_dump() for citation in answer.citations],
        "abstained": answer.abstained,
    }
    yield _chunk(completion, {}, _finish_reason(answer), more if usage_apart else {**more, "usage": usage})
    if usage_apart:
        yield _chunk(completion, None, None, {**more, "usage": usage})
    yield b"data: [DONE]\n\n"


def _chunk(
    completion: _Completion,
    delta: Mapping[str, str] | None,
    finish: str | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _sse(
        {
            "id": completion.id,
            "object": "chat.completion.chunk",
            "created": completion.created,
            "model": completion.model,
            "choices": [] if delta is None else [choice],
            **more,
        }
    )


def _sse(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _finish_reason(answer: Answer) -> Literal["stop", "length"]:
    """Whether the text ends where the model was cut; a quote that took the place of its text ends by itself."""
    quoted = any(stage.stage == QUOTE_STAGE for stage in answer.trace.stages)
    return "length" if answer.usage and answer.usage.finish_reason == "length" and not quoted else "stop"


def _usage(answer: Answer) -> TokenUsage:
    usage = answer.usage
    read, written, reused = (usage.prompt_tokens, usage.completion_tokens, usage.reused_tokens) if usage else (0, 0, 0)
    return TokenUsage(
        prompt_tokens=read,
        completion_tokens=written,
        total_tokens=read + written,
        prompt_tokens_details=ReusedTokens(cached_tokens=reused),
    )
