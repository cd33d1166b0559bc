"""A causal language model on this machine's processor: a model folder, its chat template, and what decodes."""

import json
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError

from generation.admission import Admission
from generation.chat_template import ChatTemplate
from generation.engine import Completion, Engine, PromptTokens
from generation.kv_cache import PrefixStore
from generation.llama import LlamaDecoder, LlamaShape
from generation.plain_decoding import PlainDecoding
from generation.text_stream import TextStream
from generation.types import FinishReason, GenerationOptions, Message, TextPiece, Usage
from retrieval.errors import InvalidRequest, ModelUnavailable

# Bytes for the keys and values of prompts read last: 11,000 tokens of the embedded model.
_PREFIX_BYTES = 256 * 2**20


class Decoding(Protocol):
    """Turns a prompt into tokens."""

    def complete(
        self, prompt: PromptTokens, options: GenerationOptions, ends: frozenset[int], cancelled: Callable[[], bool]
    ) -> tuple[Completion, Generator[int, None, None]]: ...


class TransformersModel:
    """A `LanguageModel` on torch: Llama models run in an engine of our own, others in transformers, one by one."""

    def __init__(self, folder: Path, threads: int, waiting: int = 8, together: int = 4) -> None:
        """Loads the model; raises `ModelUnavailable` if the folder holds none that can be used.

        At most `together` completions run side by side, and `waiting` more wait for their turn.
        """
        torch.set_num_threads(threads)
        self._folder = folder
        self._template, self._context = _load_template(folder)
        self._decoding, places = _load_decoding(folder, together)
        self._special = _any_of(self._template.special_strings)
        self._admission = Admission(waiting, places)

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
        prompt = self._prompt(messages)
        if len(prompt.tokens) + options.max_tokens > self.context_tokens:
            raise InvalidRequest(
                f"The prompt has {len(prompt.tokens)} tokens and {options.max_tokens} more are asked for, but the "
                f"model holds {self.context_tokens}; shorten the question or its history, or ask for fewer tokens.",
                field="max_tokens",
            )
        with self._admission.turn(cancelled) as admitted:
            yield from self._decode(prompt, options, cancelled if admitted else lambda: True, started)

    def _decode(
        self, prompt: PromptTokens, options: GenerationOptions, cancelled: Callable[[], bool], started: float
    ) -> Iterator[TextPiece]:
        text = TextStream(self._template.tokenizer, options.stop)
        completion, tokens = self._decoding.complete(prompt, options, self._template.end_tokens, cancelled)
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

    def _prompt(self, messages: Sequence[Message]) -> PromptTokens:
        tokens = self._encode(messages)
        turns = [position + 1 for position, token in enumerate(tokens) if token in self._template.end_tokens]
        # The last turn ended is the question's; what stands before it is the same for many questions.
        return PromptTokens(tokens, turns[-2] if len(turns) > 1 else 0)

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": message.role, "content": self._disarm(message.content)} for message in messages]
        return self._template.encode(turns)

    def _disarm(self, content: str) -> str:
        """The content with its special tokens broken up: a document must not end its turn and begin another."""
        while (broken := self._special.sub(lambda token: f"{token[0][:1]} {token[0][1:]}", content)) != content:
            content = broken
        return content


def _load_template(folder: Path) -> tuple[ChatTemplate, int]:
    """The chat template with its tokenizer, and the length of the context in tokens."""
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(
            f"The generator model {folder.name} is not installed; run `scholiast models pull`, or name a folder with a "
            "causal language model in safetensors format."
        )
    try:
        return ChatTemplate(folder), json.loads((folder / "config.json").read_text())["max_position_embeddings"]
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(folder) from error


def _load_decoding(folder: Path, together: int) -> tuple[Decoding, int]:
    """What decodes with the model, and how many completions at once."""
    try:
        shape = LlamaShape.read(folder)
        if shape is not None:
            decoder = LlamaDecoder(folder, shape, _fastest_type())
            return Engine(decoder, PrefixStore(_PREFIX_BYTES)), together
        return PlainDecoding(folder, _fastest_type()), 1
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise _unreadable(folder) from error


def _unreadable(folder: Path) -> ModelUnavailable:
    return ModelUnavailable(
        f"The generator model {folder.name} cannot be read; run `scholiast models pull` to install it anew."
    )


def _fastest_type() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32: emulated bfloat16 is slower."""
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return torch.bfloat16 if native else torch.float32


def _any_of(strings: Sequence[str]) -> re.Pattern[str]:
    """Finds the strings, if any; a single character is no special token worth breaking up."""
    return re.compile("|".join(re.escape(string) for string in strings if len(string) > 1) or "(?!)")


def _milliseconds_since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 2)
