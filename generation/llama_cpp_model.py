"""A `LanguageModel` in a GGUF file, run by llama.cpp in this process (the wheel `xllamacpp`, an optional extra).

llama.cpp brings its own server object; completions go to it directly, tokenizing and the chat template over the port on
this machine that it opens, which answers to a key of this process alone.
"""

import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from generation.admission import Admission
from generation.gguf_file import GgufFile
from generation.json_schema import JsonSchema, UnfitJson
from generation.special_tokens import SpecialTokens
from generation.stop_strings import StopStrings
from generation.types import ChoiceScore, FinishReason, GenerationOptions, Message, TextPiece, Usage
from retrieval.errors import Incomplete, InvalidRequest, ModelUnavailable
from retrieval.types import Json

# Prompts that llama.cpp keeps beside those in its slots; its own default is 8 GiB.
_CACHE_MEBIBYTES = 256
_DEFAULT_CONTEXT_TOKENS = 4096
# How often a reader gets a turn to look whether its own client has gone.
_PATIENCE_SECONDS = 0.05
# The order in which our own engine narrows the choice down.
_SAMPLERS = ("penalties", "temperature", "top_k", "top_p", "min_p")
_QUIET = -1


@dataclass(frozen=True, slots=True)
class LlamaCppSettings:
    """Which file, and how much of the machine it may take."""

    file: Path  # or a folder that holds one
    threads: int
    together: int = 4  # completions side by side
    waiting: int = 8
    context_tokens: int | None = None  # of each of them; None: 4096, or the model's where that is less


class LlamaCppModel:
    """Holds the model; requests may come from several threads."""

    def __init__(self, settings: LlamaCppSettings) -> None:
        """Loads the file; raises `ModelUnavailable` if it or the extra is missing, or it cannot be read."""
        try:
            import xllamacpp  # noqa: PLC0415 - an optional extra
        except ImportError as error:
            raise ModelUnavailable(
                "The generator backend `llama_cpp` needs llama.cpp: pip install 'scholiast[llama-cpp]'."
            ) from error
        file = next(iter(sorted(settings.file.glob("*.gguf"))), settings.file)
        found = GgufFile.read(file)
        self._name = file.stem
        self._context = min(settings.context_tokens or _DEFAULT_CONTEXT_TOKENS, found.context_tokens)
        self._special = SpecialTokens(found.special_strings)
        self._admission = Admission(settings.waiting, settings.together)
        key = secrets.token_urlsafe(32)
        try:
            self._server = xllamacpp.Server(self._parameters(xllamacpp.CommonParams(), file, settings, key))
        except RuntimeError as error:
            raise ModelUnavailable(f"llama.cpp cannot load {file.name}; it may be damaged.") from error
        self._http = httpx2.Client(
            base_url=self._server.listening_address, headers={"Authorization": f"Bearer {key}"}, trust_env=False
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return self._context

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """The length of the prompt that the messages become."""
        return len(self._encode(messages))

    def stream(
        self, messages: Sequence[Message], options: GenerationOptions, cancelled: Callable[[], bool]
    ) -> Iterator[TextPiece]:
        """Yields text as it is decoded, then a piece with the usage.

        Raises `InvalidRequest` if the prompt and the tokens asked for exceed the context, `Overloaded` if the queue is
        full.
        """
        started = time.perf_counter()
        prompt = self._fitting(messages, options)
        with self._admission.turn(cancelled) as admitted:
            request = _sampling(options) | {"prompt": prompt}
            yield from self._completion(request, options, cancelled if admitted else lambda: True, started)

    def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Sequence[ChoiceScore]:
        """How likely each choice is as the beginning of the answer, one after the other; the prompt is read once.

        A grammar forces the choice's tokens; what llama.cpp tells of them is from before the grammar.
        """
        encoded = [self._tokenize(choice, special=False) for choice in choices]
        if not all(encoded):
            raise InvalidRequest("A choice is empty; there is nothing to score.", field="choices")
        prompt = self._fitting(messages, GenerationOptions(max_tokens=max(map(len, encoded), default=1)))
        with self._admission.turn(lambda: False):
            return [self._choice_score(prompt, choice) for choice in encoded]

    def complete_json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Json],
        options: GenerationOptions,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Json:
        """A value that fits the schema, by llama.cpp's own grammars.

        Raises `InvalidRequest` for a schema that cannot be held to, `Incomplete` if the tokens end before the value.
        """
        checked = JsonSchema(schema)
        started = time.perf_counter()
        prompt = self._fitting(messages, options)
        request = _sampling(options) | {"prompt": prompt, "json_schema": dict(schema)}
        with self._admission.turn(cancelled) as admitted:
            going = cancelled if admitted else lambda: True
            pieces = list(self._completion(request, options, going, started))
        try:
            return checked.parse("".join(piece.text for piece in pieces))
        except UnfitJson as error:
            raise Incomplete(
                f"The JSON was not whole or does not fit the schema: {error}; allow more tokens, or bound the strings "
                "and lists of the schema."
            ) from error

    def close(self) -> None:
        """Closes the connections to llama.cpp."""
        self._http.close()

    def _parameters(self, parameters: Any, file: Path, settings: LlamaCppSettings, key: str) -> Any:
        parameters.model.path = str(file)
        parameters.n_ctx = self._context * settings.together  # llama.cpp divides it among its slots
        parameters.n_parallel = settings.together
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
        parameters.cache_ram_mib = _CACHE_MEBIBYTES
        parameters.api_keys = [key]
        parameters.ui = parameters.endpoint_slots = False
        parameters.verbosity = _QUIET
        return parameters

    def _completion(
        self, request: dict[str, Any], options: GenerationOptions, cancelled: Callable[[], bool], started: float
    ) -> Iterator[TextPiece]:
        call = _Call(self._server, request | {"max_tokens": options.max_tokens})
        stop = StopStrings(options.stop)
        count, first = 0, 0.0
        reason: FinishReason = "cancelled"
        try:
            while not (cancelled() or stop.stopped) and (chunk := call.next()) is not None:
                said = chunk["choices"][0] if chunk.get("choices") else {}
                if said.get("text"):
                    count += 1
                    first = first or _milliseconds_since(started)
                if text := stop.feed(said.get("text") or ""):
                    yield TextPiece(text)
                if said.get("finish_reason"):
                    reason = "length" if said["finish_reason"] == "length" else "stop"
        finally:
            call.abandon()
        counts = call.usage
        yield TextPiece(
            stop.finish(),
            Usage(
                len(request["prompt"]),
                counts.get("completion_tokens", count),
                first,
                _milliseconds_since(started),
                "stop" if stop.stopped else reason,
                (counts.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
            ),
        )

    def _choice_score(self, prompt: Sequence[int], choice: Sequence[int]) -> ChoiceScore:
        told = _checked(
            self._server.handle_completions(
                {
                    "prompt": list(prompt),
                    "max_tokens": len(choice),
                    "temperature": 0,
                    "logprobs": 1,
                    "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in choice),
                }
            )
        )
        found = told["choices"][0]["logprobs"]["content"][: len(choice)]
        if [entry["id"] for entry in found] != list(choice):
            raise InvalidRequest("A choice holds what ends an answer; it cannot be scored.", field="choices")
        return ChoiceScore(tuple(float(entry["logprob"]) for entry in found))

    def _fitting(self, messages: Sequence[Message], options: GenerationOptions) -> list[int]:
        if options.beams > 1:
            raise InvalidRequest("llama.cpp has no beam search; leave `beams` at 1.", field="beams")
        prompt = self._encode(messages)
        if len(prompt) + options.max_tokens > self._context:
            raise InvalidRequest(
                f"The prompt has {len(prompt)} tokens and {options.max_tokens} more are asked for, but the model holds "
                f"{self._context}; shorten the question or its history, or ask for fewer tokens.",
                field="max_tokens",
            )
        return prompt

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": message.role, "content": self._special.disarm(message.content)} for message in messages]
        return self._tokenize(self._ask("/apply-template", {"messages": turns})["prompt"], special=True)

    def _tokenize(self, text: str, *, special: bool) -> list[int]:
        asked = {"content": text, "add_special": False, "parse_special": special}
        tokens: list[int] = self._ask("/tokenize", asked)["tokens"]
        return tokens

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return _checked(self._http.post(path, json=body).json())
        except (httpx2.HTTPError, ValueError) as error:
            raise ModelUnavailable("llama.cpp does not answer; restart the service.") from error


class _Call:
    """One completion in a thread of its own, since llama.cpp calls back instead of giving an iterator."""

    def __init__(self, server: Any, request: dict[str, Any]) -> None:
        self.usage: dict[str, Any] = {}
        self._chunks: queue.SimpleQueue[dict[str, Any] | BaseException | None] = queue.SimpleQueue()
        self._abandoned = False
        asked = request | {"stream": True, "stream_options": {"include_usage": True}}
        threading.Thread(target=self._run, args=(server, asked), name="llama.cpp").start()

    def next(self) -> dict[str, Any] | None:
        """The next chunk, after a moment without any an empty one, None at the end."""
        try:
            chunk = self._chunks.get(timeout=_PATIENCE_SECONDS)
        except queue.Empty:
            return {}
        if isinstance(chunk, BaseException):
            raise ModelUnavailable("llama.cpp failed while it was decoding; restart the service.") from chunk
        if chunk is not None:
            self.usage = _checked(chunk).get("usage") or self.usage
        return chunk

    def abandon(self) -> None:
        """Nobody reads any more: llama.cpp stops at its next token."""
        self._abandoned = True

    def _run(self, server: Any, request: dict[str, Any]) -> None:
        try:
            server.handle_completions(request, self._take)
            self._chunks.put(None)
        except BaseException as error:  # noqa: BLE001 - the edge of the thread: the reader raises it
            self._chunks.put(error)

    def _take(self, chunk: dict[str, Any]) -> bool:
        """Hands a chunk on; true asks llama.cpp to stop."""
        self._chunks.put(chunk)
        return self._abandoned or not threading.main_thread().is_alive()


def _sampling(options: GenerationOptions) -> dict[str, Any]:
    """The options in llama.cpp's names; its own defaults would narrow the choice unasked."""
    asked: dict[str, Any] = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
        "min_p": options.min_p,
        "repeat_penalty": options.repetition_penalty,
        "repeat_last_n": 2**31 - 1,  # of all that came before
        "samplers": list(_SAMPLERS),
    }
    return asked if options.seed is None else asked | {"seed": options.seed % 2**32}


def _checked(told: Any) -> dict[str, Any]:
    """What llama.cpp told, unless it is an error."""
    if "error" in told:
        error = told["error"]
        if error.get("code") == 400:
            raise InvalidRequest(f"llama.cpp refused the request: {str(error.get('message'))[:300]}.")
        raise ModelUnavailable("llama.cpp failed; restart the service.")
    checked: dict[str, Any] = told
    return checked


def _milliseconds_since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 2)
