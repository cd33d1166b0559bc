"""What goes over HTTP in OpenAI's format: chat completions, models, errors.

Names that are not listed here are ignored: clients send many that mean nothing to this service.
Source: https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from app.schemas.ask import CitationDetails
from app.schemas.fields import clean

_PART = {"type": "object", "properties": {"type": {"const": "text"}, "text": {"type": "string"}}}
_SEED_LIMIT = 2**63


def _joined(content: Any) -> str:
    """The text of a message's content: a string, a list of text parts, or nothing."""
    match content:
        case None:
            return ""
        case str():
            return clean(content)
        case list():
            return "\n".join(_text_of(part) for part in content)
    raise ValueError("must be text or a list of text parts")


def _text_of(part: Any) -> str:
    match part:
        case {"type": "text", "text": str(text)}:
            return clean(text)
    raise ValueError('only parts of the form {"type": "text", "text": "..."} can be read')


MessageText = Annotated[
    str,
    BeforeValidator(_joined),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": _PART}, {"type": "null"}]}),
]


class OpenAIRequest(BaseModel):
    """A request of an OpenAI client: types are checked, names that mean nothing here are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)


class ChatMessage(OpenAIRequest):
    """One message of the conversation; those of other roles than `user` and `assistant` are not read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: MessageText = ""


class StreamOptions(OpenAIRequest):
    """What a stream carries beside the answer."""

    include_usage: bool | None = None


class ChatRequest(OpenAIRequest):
    """A question with what was said before it; the last message of the user is the question."""

    model: Annotated[str, Field(max_length=200, description="`scholiast` or `scholiast/<collection>`.")]
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2, description="Default 0: greedy.")] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, description="The same, and goes before it.")] | None = None
    seed: Annotated[int, Field(ge=-_SEED_LIMIT, lt=_SEED_LIMIT)] | None = None
    stop: Annotated[str, Field(max_length=1000)] | Annotated[list[str], Field(max_length=16)] | None = None
    n: Annotated[int, Field(ge=1, le=1, description="Only one answer is written.")] | None = None


class ReusedTokens(BaseModel):
    """Of the prompt: tokens that had been read for another one before."""

    cached_tokens: int


class TokenUsage(BaseModel):
    """Tokens of a completion; none where the answer is a quote that no model wrote."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: ReusedTokens


class AnswerMessage(BaseModel):
    """The answer as a message."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one answer."""

    index: int = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class ChatCompletion(BaseModel):
    """An answer; `citations` and `abstained` are fields beyond OpenAI's."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: Sequence[Choice]
    usage: TokenUsage
    citations: Sequence[CitationDetails]
    abstained: bool


class ModelDetails(BaseModel):
    """A name that a request can give as `model`."""

    id: str
    object: Literal["model"] = "model"
    created: Annotated[int, Field(description="Unix time at which the collection was made; 0 before that.")]
    owned_by: Literal["scholiast"] = "scholiast"


class ModelList(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: Sequence[ModelDetails]


class ErrorDetails(BaseModel):
    """What went wrong and what to do."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """An error in OpenAI's format."""

    error: ErrorDetails
