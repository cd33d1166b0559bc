"""A causal language model on this machine's processor: a model folder, its chat template, and what decodes."""

import copy
import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError

from generation.admission import Admission
from generation.chat_template import ChatTemplate
from generation.engine import Engine
from generation.json_constraint import JsonGrammars
from generation.json_schema import JsonSchema, UnfitJson
from generation.kv_cache import PrefixStore
from generation.llama import LlamaDecoder
from generation.llama_shape import LlamaShape
from generation.lora import load_adapter
from generation.plain_decoding import PlainDecoding
from generation.request import Completion, PromptTokens
from generation.sampling import TokenConstraint
from generation.special_tokens import SpecialTokens
from generation.text_stream import TextStream
from generation.types import ChoiceScore, FinishReason, GenerationOptions, Message, TextPiece, Usage
from retrieval.errors import Incomplete, InvalidRequest, ModelUnavailable
from retrieval.fastest_dtype import fastest_dtype
from retrieval.types import Json

# Bytes for the keys and values of prompts read last: 11,000 tokens of the embedded model.
_PREFIX_BYTES = 256 * 2**20


class Decoding(Protocol):
    """Turns a prompt into tokens, or tells how likely given ones are."""

    def complete(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        ends: frozenset[int],
        cancelled: Callable[[], bool],
        constraint: TokenConstraint | None = None,
    ) -> tuple[Completion, Generator[int, None, None]]: ...

    def score(
        self, prompt: PromptTokens, choices: Sequence[Sequence[int]], cancelled: Callable[[], bool]
    ) -> Generator[list[float], None, None]: ...


@dataclass(frozen=True, slots=True)
class Places:
    """How many completions run side by side, and how many more wait for their turn."""

    together: int = 4
    waiting: int = 8


class TransformersModel:
    """A `LanguageModel` on torch: Llama models run in an engine of our own, others in transformers, one by one."""

    def __init__(
        self,
        folder: Path,
        threads: int,
        places: Places = Places(),
        adapters: Mapping[str, Path] | None = None,
        *,
        exact: bool = False,
    ) -> None:
        """Loads the model, and adapters by their names; `exact` computes in float32 throughout.

        Raises `ModelUnavailable` if a folder holds none that can be used.
        """
        torch.set_num_threads(threads)
        self._folder = folder
        self._template, configuration = _load_template(folder)
        self._context = configuration.context_tokens
        self._decoding, together = _load_decoding(folder, places.together, adapters or {}, exact=exact)
        self._special = SpecialTokens(self._template.special_strings)
        self._admission = Admission(places.waiting, together)
        self._grammars = JsonGrammars(self._template.tokenizer, configuration.vocabulary, self._template.end_tokens)
        self._adapter: str | None = None

    def with_adapter(self, name: str) -> "TransformersModel":
        """The same model, sharing all of its weights, with one of its adapters."""
        other = copy.copy(self)
        other._adapter = name
        return other

    @property
    def name(self) -> str:
        return self._folder.name

    @property
    def context_tokens(self) -> int:
        return self._context

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """The length of the prompt that the messages become."""
        return len(self._encode(messages))

    def stream(
        self, messages: Sequence[Message], options: GenerationOptions, cancelled: Callable[[], bool]
    ) -> Iterator[TextPiece]:
        """Yields text as it is decoded, then a piece with the usage; looks at `cancelled` before every token.

        Raises `InvalidRequest` if the prompt and the tokens asked for exceed the context, `Overloaded` if the queue is
        full.
        """
        started = time.perf_counter()
        prompt = self._fitting(messages, options.max_tokens)
        with self._admission.turn(cancelled) as admitted:
            yield from self._decode(prompt, options, cancelled if admitted else lambda: True, started, None)

    def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Sequence[ChoiceScore]:
        """How likely each choice is as the beginning of the answer; the prompt is read once for all.

        Raises `InvalidRequest` for an empty choice or one too long, `Overloaded` if the queue is full.
        """
        encoded = [self._template.tokenizer.encode(choice, add_special_tokens=False).ids for choice in choices]
        if not all(encoded):
            raise InvalidRequest("A choice is empty; there is nothing to score.", field="choices")
        prompt = self._fitting(messages, max(map(len, encoded), default=0))
        with self._admission.turn(lambda: False):
            found = self._decoding.score(prompt, encoded, lambda: False)
            return [ChoiceScore(tuple(each)) for each in found]

    def complete_json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Json],
        options: GenerationOptions,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Json:
        """A value that fits the schema: no token is chosen after which it could not.

        Raises `InvalidRequest` for a schema that cannot be held to, `Incomplete` if the tokens end before the value.
        """
        if options.beams > 1 or options.stop:
            raise InvalidRequest("JSON is written without beams and stop strings.", field="options")
        started = time.perf_counter()
        checked = JsonSchema(schema)
        constraint = self._grammars.constraint(checked)
        prompt = self._fitting(messages, options.max_tokens)
        with self._admission.turn(cancelled) as admitted:
            going = cancelled if admitted else lambda: True
            pieces = list(self._decode(prompt, options, going, started, constraint))
        usage = pieces[-1].usage
        assert usage is not None, "the last piece carries the counts"
        if usage.finish_reason != "stop":
            raise Incomplete(
                f"The JSON was not whole after {usage.completion_tokens} tokens ({usage.finish_reason}); allow more "
                "tokens, or bound the strings and lists of the schema."
            )
        try:
            return checked.parse("".join(piece.text for piece in pieces))
        except UnfitJson as error:
            raise Incomplete(f"The model's JSON does not fit the schema: {error}.") from error

    def _decode(
        self,
        prompt: PromptTokens,
        options: GenerationOptions,
        cancelled: Callable[[], bool],
        started: float,
        constraint: TokenConstraint | None,
    ) -> Iterator[TextPiece]:
        text = TextStream(self._template.tokenizer, options.stop)
        completion, tokens = self._decoding.complete(prompt, options, self._template.end_tokens, cancelled, constraint)
        count, first_token = 0, 0.0
        with closing(tokens):
            for token in tokens:
                count += 1
                first_token = first_token or _milliseconds_since(started)
                if piece := text.feed(token):
                    yield TextPiece(piece)
                if text.stopped:
                    break
        reason: FinishReason = "stop" if text.stopped else completion.reason
        usage = Usage(
            len(prompt.tokens),
            count,
            first_token or _milliseconds_since(started),
            _milliseconds_since(started),
            reason,
            completion.reused,
            completion.guessed,
            completion.accepted,
        )
        yield TextPiece(text.finish(), usage)

    def _fitting(self, messages: Sequence[Message], more: int) -> PromptTokens:
        prompt = self._prompt(messages)
        if len(prompt.tokens) + more > self.context_tokens:
            raise InvalidRequest(
                f"The prompt has {len(prompt.tokens)} tokens and {more} more are asked for, but the model holds "
                f"{self.context_tokens}; shorten the question or its history, or ask for fewer tokens.",
                field="max_tokens",
            )
        return prompt

    def _prompt(self, messages: Sequence[Message]) -> PromptTokens:
        tokens = self._encode(messages)
        turns = [position + 1 for position, token in enumerate(tokens) if token in self._template.end_tokens]
        # The last turn ended is the question's; what stands before it is the same for many questions.
        return PromptTokens(tokens, turns[-2] if len(turns) > 1 else 0, self._adapter)

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": message.role, "content": self._special.disarm(message.content)} for message in messages]
        return self._template.encode(turns)


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What the model's own configuration says of it."""

    context_tokens: int
    vocabulary: int


def _load_template(folder: Path) -> tuple[ChatTemplate, _Configuration]:
    """The chat template with its tokenizer, and the sizes of the model."""
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(
            f"The generator model {folder.name} is not installed; run `scholiast models pull`, or name a folder with a "
            "causal language model in safetensors format."
        )
    try:
        configuration = json.loads((folder / "config.json").read_text())
        sizes = _Configuration(configuration["max_position_embeddings"], configuration["vocab_size"])
        return ChatTemplate(folder), sizes
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(folder) from error


def _load_decoding(folder: Path, together: int, adapters: Mapping[str, Path], *, exact: bool) -> tuple[Decoding, int]:
    """What decodes with the model, and how many completions at once."""
    dtype = torch.float32 if exact else fastest_dtype()
    try:
        shape = LlamaShape.read(folder)
        if shape is not None:
            decoder = LlamaDecoder(folder, shape, dtype, exact=exact)
            for name, where in adapters.items():
                decoder.add_adapter(name, load_adapter(where, shape))
            return Engine(decoder, PrefixStore(_PREFIX_BYTES)), together
        if adapters:
            raise ModelUnavailable(
                f"Adapters need a model of the Llama family, which {folder.name} is not; merge them into it with peft."
            )
        return PlainDecoding(folder, dtype), 1
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise _unreadable(folder) from error


def _unreadable(folder: Path) -> ModelUnavailable:
    return ModelUnavailable(
        f"The generator model {folder.name} cannot be read; run `scholiast models pull` to install it anew."
    )


def _milliseconds_since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 2)
