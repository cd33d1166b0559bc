"""A `LanguageModel` that another server runs: vLLM, SGLang, Ollama, llama.cpp, whatever speaks OpenAI's protocol.

A call is tried again, with jitter, while the server is away or busy and has said nothing yet; never after its first
word. An event loop in a thread of its own does the waiting, so that a call can be given up, and its connection closed,
whatever it waits for.
"""

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

import anyio
from anyio.from_thread import start_blocking_portal

from generation import server_faults
from generation.chat_server import ChatServer, ServerRequest, ServerSettings
from generation.circuit_breaker import CircuitBreaker
from generation.json_schema import JsonSchema, UnfitJson
from generation.server_completion import ServerCompletion
from generation.server_faults import ServerFault
from generation.token_estimate import estimate_tokens
from generation.types import ChoiceScore, GenerationOptions, Message, TextPiece
from retrieval.errors import Incomplete, InvalidRequest, ScholiastError
from retrieval.types import Json

_LOGGER = logging.getLogger(__name__)
# Where neither the server nor a setting tells; the least that common servers start with.
_DEFAULT_CONTEXT_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long one completion may take with all its attempts, and how many those are."""

    total_seconds: float = 120.0
    attempts: int = 3
    first_pause_seconds: float = 0.5  # doubled after every attempt; how much of it is waited is drawn by lot
    longest_pause_seconds: float = 10.0  # a server that asks for more is not waited for
    probe_pause_seconds: float = 2.0


class OpenAIModel:
    """Answers from the server, which need not be there yet: `missing` says what it lacks."""

    def __init__(
        self,
        server: ServerSettings,
        limits: CallLimits,
        breaker: CircuitBreaker | None = None,
        context_tokens: int | None = None,
    ) -> None:
        """Begins to look for the server; raises `ModelUnavailable` if its client is not installed."""
        self._model = server.model
        self._limits = limits
        self._breaker = breaker or CircuitBreaker()
        self._context_tokens = context_tokens
        self._probed_tokens: int | None = None
        self._missing: str | None = "The generator's server has not answered yet."
        self._server = ChatServer(server)
        self._loop = start_blocking_portal(name="generator-server")
        self._portal = self._loop.__enter__()
        self._probing = self._portal.start_task_soon(self._probe)

    @property
    def name(self) -> str:
        return self._model

    @property
    def context_tokens(self) -> int:
        """As set, else as the server tells, else a careful guess."""
        return self._context_tokens or self._probed_tokens or _DEFAULT_CONTEXT_TOKENS

    @property
    def missing(self) -> Sequence[str]:
        """What keeps the server from answering, as far as is known; empty when it is ready."""
        if self._missing is not None:
            return [self._missing]
        wait = self._breaker.wait_seconds
        return [f"The generator's server keeps failing; it is tried again in {wait:.0f} seconds."] if wait else []

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """An upper estimate: the server's tokenizer is not at hand."""
        return estimate_tokens(messages)

    def stream(
        self, messages: Sequence[Message], options: GenerationOptions, cancelled: Callable[[], bool]
    ) -> Iterator[TextPiece]:
        """Yields text as it comes, then a piece with the usage; looks at `cancelled` all the time.

        Raises `Overloaded` if the server is busy or is left alone for a while, `ModelUnavailable` if it fails.
        """
        yield from self._complete(ServerRequest(messages, options), cancelled)

    def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Sequence[ChoiceScore]:
        """How likely each choice is after the messages, as plain text: the server's chat template is not known here.

        Raises `InvalidRequest` where the server does not tell, which is so of most that do not run vLLM or SGLang.
        """
        prompt = "\n\n".join(message.content for message in messages) + "\n"
        return [self._portal.call(self._score_choice, prompt, choice) for choice in choices]

    def complete_json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Json],
        options: GenerationOptions,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Json:
        """A value that fits the schema: asked for as `json_schema`, checked, and mended once where it does not fit.

        Raises `InvalidRequest` for what is no schema, `Incomplete` if what the server mended does not fit either.
        """
        checked = JsonSchema(schema)
        said = self._text(ServerRequest(messages, options, schema), cancelled)
        try:
            return checked.parse(said)
        except UnfitJson as error:
            mending = Message("user", f"That does not fit the schema: {error}. Write the corrected JSON only.")
        turns = [*messages, Message("assistant", said or "{}"), mending]
        try:
            return checked.parse(self._text(ServerRequest(turns, options, schema), cancelled))
        except UnfitJson as error:
            raise Incomplete(f"The generator's server wrote JSON that does not fit the schema: {error}.") from error

    def _text(self, request: ServerRequest, cancelled: Callable[[], bool]) -> str:
        return "".join(piece.text for piece in self._complete(request, cancelled))

    def _complete(self, request: ServerRequest, cancelled: Callable[[], bool]) -> Iterator[TextPiece]:
        if request.options.beams > 1:
            raise InvalidRequest("The generator's server is not asked for beams; leave `beams` at 1.", field="beams")
        completion = ServerCompletion(request.options)
        call = self._portal.start_task_soon(self._call, request, completion)
        try:
            while (text := completion.wait()) is not None:
                if cancelled():
                    completion.reason = "cancelled"
                    break
                if text:
                    yield TextPiece(text)
                elif call.done() and completion.idle:
                    call.result()  # raises what nobody expected
                    raise AssertionError("a call ends its completion")
        finally:
            call.cancel()
        yield TextPiece("", completion.usage(self.count_tokens(request.messages)))

    def close(self) -> None:
        """Gives up what is under way and closes all connections."""
        self._probing.cancel()
        self._portal.call(self._server.close)
        self._loop.__exit__(None, None, None)

    async def _score_choice(self, prompt: str, choice: str) -> ChoiceScore:
        try:
            with anyio.fail_after(self._limits.total_seconds):
                read = await self._server.read_aloud(prompt + choice)
        except TimeoutError as error:
            raise server_faults.too_slow(
                self._limits.total_seconds, "SCHOLIAST_GENERATOR_TOTAL_SECONDS"
            ).error from error
        except ServerFault as fault:
            raise (fault.error if fault.passing else _cannot_score()) from fault
        end = len(prompt) + len(choice)
        found = [
            likelihood
            for offset, likelihood in zip(read.offsets, read.log_likelihoods, strict=False)
            if len(prompt) <= offset < end and likelihood is not None
        ]
        if not found:
            raise _cannot_score()
        return ChoiceScore(tuple(found))

    async def _call(self, request: ServerRequest, completion: ServerCompletion) -> None:
        """Completes the messages, or ends the completion with the error that stood against it."""
        try:
            with anyio.fail_after(self._limits.total_seconds):
                await self._attempts(request, completion)
            completion.end(None)
        except ScholiastError as error:
            completion.end(error)
        except TimeoutError:
            self._breaker.fail()
            fault = server_faults.too_slow(self._limits.total_seconds, "SCHOLIAST_GENERATOR_TOTAL_SECONDS")
            completion.end(fault.error)

    async def _attempts(self, request: ServerRequest, completion: ServerCompletion) -> None:
        for attempt in range(self._limits.attempts):
            try:
                await self._attempt(request, completion)
            except ServerFault as fault:
                last = attempt + 1 == self._limits.attempts
                pause = fault.rest_seconds + random.uniform(0, self._limits.first_pause_seconds * 2**attempt)  # noqa: S311 - no secret
                if last or completion.begun or not fault.passing or pause > self._limits.longest_pause_seconds:
                    raise fault.error from fault
                await anyio.sleep(pause)
            else:
                return

    async def _attempt(self, request: ServerRequest, completion: ServerCompletion) -> None:
        """One call of the server, told to the circuit breaker. Raises `ServerFault`; `Overloaded` if that is open."""
        self._breaker.admit()
        try:
            async with aclosing(self._server.complete(request)) as pieces:
                async for piece in pieces:
                    completion.take(piece)
                    if completion.complete:
                        break
            if completion.reason is None:
                raise server_faults.cut_short()
        except ServerFault as fault:
            if fault.sick:
                self._breaker.fail(fault.rest_seconds)
            else:
                self._breaker.succeed()
            raise
        except anyio.get_cancelled_exc_class():
            self._breaker.abandon()
            raise
        self._breaker.succeed()

    async def _probe(self) -> None:
        """Looks for the server until it has completed something: one token, by the way that answers take."""
        pause = self._limits.probe_pause_seconds
        while (missing := await self._first_failure()) is not None:
            if missing != self._missing:
                _LOGGER.warning("%s It is looked for until it answers.", missing)
            self._missing = missing
            await anyio.sleep(pause)
            pause = min(1.5 * pause, 5 * self._limits.probe_pause_seconds)
        self._missing = None
        _LOGGER.info("The generator's server answers; %s holds %d tokens.", self._model, self.context_tokens)

    async def _first_failure(self) -> str | None:
        hello = ServerRequest([Message("user", "Hello")], GenerationOptions(max_tokens=1))
        completion = ServerCompletion(hello.options)
        try:
            with anyio.fail_after(self._limits.total_seconds):
                with suppress(ServerFault):  # some servers fail at this and answer all the same
                    self._probed_tokens = await self._server.context_tokens()
                async with aclosing(self._server.complete(hello)) as pieces:
                    async for piece in pieces:
                        completion.take(piece)
        except ServerFault as fault:
            return fault.error.detail
        except TimeoutError:
            return server_faults.too_slow(self._limits.total_seconds, "SCHOLIAST_GENERATOR_TOTAL_SECONDS").error.detail
        return None if completion.reason else server_faults.cut_short().error.detail


def _cannot_score() -> InvalidRequest:
    return InvalidRequest(
        "The generator's server does not tell how likely given texts are (it needs `echo` and `logprobs` on "
        "/completions, as vLLM has); use the generator backend `transformers` or `llama_cpp` for that."
    )
