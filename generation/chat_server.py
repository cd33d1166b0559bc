"""One chat completion from a server that speaks OpenAI's protocol, through the official client; no retries, no state.

Knows the protocol and its failures, which become `ServerFault`; knows nothing of answers. Source of the fields:
https://platform.openai.com/docs/api-reference/chat/streaming; `max_model_len` is what vLLM and SGLang add to a model.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

from generation import server_faults
from generation.types import GenerationOptions, Message
from retrieval.errors import ModelUnavailable
from retrieval.types import Json

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

_LOGGER = logging.getLogger(__name__)
# More are refused by some servers; whoever reads the answer looks for all of them anyway.
_MOST_STOP_STRINGS = 4


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server is, what it is asked for, and how long it may take."""

    url: str  # ends in /v1
    model: str
    api_key: str | None = None
    connect_seconds: float = 5.0
    read_seconds: float = 30.0  # of silence, before the first token as after it


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """What the server counted."""

    prompt: int
    completion: int
    cached: int  # of the prompt


@dataclass(frozen=True, slots=True)
class ServerPiece:
    """A part of a completion; any of the three may be missing."""

    text: str
    finish_reason: str | None
    counts: TokenCounts | None


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """What is asked for; with a schema, JSON that fits it."""

    messages: Sequence[Message]
    options: GenerationOptions
    schema: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class ReadText:
    """Where each token of a text begins, and its log-likelihood after those before it (None for the first)."""

    offsets: Sequence[int]
    log_likelihoods: Sequence[float | None]


class ChatServer:
    """The client of one server. To be used in one event loop only."""

    def __init__(self, settings: ServerSettings) -> None:
        """Raises `ModelUnavailable` if the client is not installed."""
        try:
            import openai  # noqa: PLC0415 - an optional extra, and a second to import
        except ImportError as error:
            raise ModelUnavailable(
                "The generator backend `openai` needs the client of that name: pip install 'scholiast[openai]'."
            ) from error
        self._openai = openai
        self._settings = settings
        self._client = openai.AsyncOpenAI(
            base_url=settings.url,
            api_key=settings.api_key or "none",  # the client insists on one
            max_retries=0,  # a call that is tried again must pass the circuit breaker again
            timeout=httpx2.Timeout(settings.read_seconds, connect=settings.connect_seconds),
        )

    async def context_tokens(self) -> int | None:
        """The length of the model's context, where the server tells; raises `ServerFault`."""
        async with self._faults():
            listed = await self._client.models.list()
            for model in listed.data:
                tokens = getattr(model, "max_model_len", None)
                if model.id == self._settings.model and isinstance(tokens, int):
                    return tokens
        return None

    async def complete(self, request: ServerRequest) -> AsyncGenerator[ServerPiece, None]:
        """The completion in pieces, as they come; closing it closes the connection. Raises `ServerFault`."""
        options = request.options
        turns: Any = [{"role": message.role, "content": message.content} for message in request.messages]
        form: Any = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": dict(request.schema or {}), "strict": True},
        }
        async with self._faults():
            stream = await self._client.chat.completions.create(
                model=self._settings.model,
                messages=turns,
                stream=True,
                stream_options={"include_usage": True},
                max_tokens=options.max_tokens,
                temperature=options.temperature,
                top_p=options.top_p,
                seed=options.seed if options.seed is not None else self._openai.omit,
                stop=list(options.stop[:_MOST_STOP_STRINGS]) or self._openai.omit,
                response_format=self._openai.omit if request.schema is None else form,
                extra_body=_extensions(options) or None,
            )
            async with stream:
                if "event-stream" not in stream.response.headers.get("content-type", ""):
                    raise server_faults.unreadable()
                async for chunk in stream:
                    yield _piece(chunk)

    async def read_aloud(self, text: str) -> ReadText:
        """How likely the server's model finds each token of the text. Raises `ServerFault`.

        By `echo` and `logprobs` of the older completions route, which vLLM and SGLang have, and few others.
        """
        async with self._faults():
            told = await self._client.completions.create(
                model=self._settings.model, prompt=text, max_tokens=1, echo=True, logprobs=1, temperature=0
            )
            logprobs: Any = told.choices[0].logprobs
            return ReadText(tuple(logprobs.text_offset), tuple(logprobs.token_logprobs))

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.close()

    @asynccontextmanager
    async def _faults(self) -> AsyncIterator[None]:
        """Turns what the client raises into `ServerFault`."""
        try:
            yield
        except self._openai.APITimeoutError as error:
            raise self._too_slow(error) from error
        except self._openai.APIConnectionError as error:
            raise server_faults.unreachable() from error
        except self._openai.APIStatusError as error:
            _LOGGER.warning("The generator's server answered %d: %s", error.status_code, self._loggable(error))
            raise server_faults.refused(error.status_code, error.response.headers.get("retry-after")) from error
        except self._openai.APIError as error:  # an error object in the stream
            _LOGGER.warning("The generator's server broke off with an error: %s", self._loggable(error))
            raise server_faults.refused(500, None) from error
        except (ValueError, TypeError, AttributeError, LookupError) as error:  # JSON, or the shape of it
            raise server_faults.unreadable() from error

    def _loggable(self, error: Exception) -> str:
        """What the server said, without the key, which some servers repeat."""
        return str(error).replace(self._settings.api_key or "\0", "***")[:500]

    def _too_slow(self, error: Exception) -> server_faults.ServerFault:
        if isinstance(error.__cause__, httpx2.ConnectTimeout):
            return server_faults.too_slow(self._settings.connect_seconds, "SCHOLIAST_GENERATOR_CONNECT_SECONDS")
        return server_faults.too_slow(self._settings.read_seconds, "SCHOLIAST_GENERATOR_READ_SECONDS")


def _extensions(options: GenerationOptions) -> dict[str, Any]:
    """What OpenAI itself does not know, and vLLM, SGLang and llama.cpp do; only what differs from their defaults."""
    asked = {"top_k": options.top_k, "min_p": options.min_p, "repetition_penalty": options.repetition_penalty}
    neutral = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
    return {name: value for name, value in asked.items() if value != neutral[name]}


def _piece(chunk: "ChatCompletionChunk") -> ServerPiece:
    """What a chunk says; the client does not check its shape, so an odd one raises here."""
    counts = None
    if chunk.usage:
        details = chunk.usage.prompt_tokens_details
        cached = details.cached_tokens if details else None
        counts = TokenCounts(int(chunk.usage.prompt_tokens), int(chunk.usage.completion_tokens), int(cached or 0))
    if not chunk.choices:
        return ServerPiece("", None, counts)
    choice: Any = chunk.choices[0]
    text = choice.delta.content if choice.delta else None
    if text is not None and not isinstance(text, str):
        raise TypeError("the text of a chunk is no string")
    return ServerPiece(text or "", choice.finish_reason, counts)
