"""A causal language model on this machine's processor: loads a model folder and decodes with a key-value cache."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from generation.admission import Admission
from generation.sampling import Sampler
from generation.text_stream import TextStream
from generation.types import GenerationOptions, Message, TextPiece, Usage
from retrieval.errors import InvalidRequest, ModelUnavailable

FinishReason = Literal["stop", "length", "cancelled"]


class TransformersModel:
    """A `LanguageModel` on torch; one completion runs at a time, the others wait in a bounded queue."""

    def __init__(self, folder: Path, threads: int, waiting: int = 8) -> None:
        """Loads the model; raises `ModelUnavailable` if the folder holds none that can be used."""
        torch.set_num_threads(threads)
        self._folder = folder
        self._model, self._tokenizer = _load(folder)
        self._end_tokens = _end_tokens(self._model, self._tokenizer)
        self._special = _special_tokens(self._tokenizer)
        self._admission = Admission(waiting)

    @property
    def name(self) -> str:
        return self._folder.name

    @property
    def context_tokens(self) -> int:
        return int(self._model.config.max_position_embeddings)

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
        prompt = self._encode(messages)
        if len(prompt) + options.max_tokens > self.context_tokens:
            raise InvalidRequest(
                f"The prompt has {len(prompt)} tokens and {options.max_tokens} more are asked for, but the model holds "
                f"{self.context_tokens}; shorten the question or its history, or ask for fewer tokens.",
                field="max_tokens",
            )
        with self._admission.turn(cancelled) as admitted:
            yield from self._decode(prompt, options, cancelled if admitted else lambda: True, started)

    def _decode(
        self, prompt: Sequence[int], options: GenerationOptions, cancelled: Callable[[], bool], started: float
    ) -> Iterator[TextPiece]:
        text = TextStream(self._tokenizer.backend_tokenizer, options.stop)
        sampler = Sampler(options)
        cache = DynamicCache(config=self._model.config)
        tokens, count, first_token = prompt, 0, 0.0
        reason: FinishReason = "length"
        while count < options.max_tokens:
            if cancelled():
                reason = "cancelled"
                break
            token = sampler.choose(self._logits(tokens, cache))
            first_token = first_token or _milliseconds_since(started)
            if token in self._end_tokens:
                reason = "stop"
                break
            tokens, count = [token], count + 1
            if piece := text.feed(token):
                yield TextPiece(piece)
            if text.stopped:
                reason = "stop"
                break
        yield TextPiece(text.finish(), Usage(len(prompt), count, first_token, _milliseconds_since(started), reason))

    @torch.inference_mode()
    def _logits(self, tokens: Sequence[int], cache: DynamicCache) -> Tensor:
        """The logits (vocabulary) after the last of the tokens, whose keys and values join the cache."""
        output = self._model(input_ids=torch.tensor([tokens]), past_key_values=cache, use_cache=True, logits_to_keep=1)
        logits: Tensor = output.logits[0, -1]
        return logits

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": message.role, "content": self._disarm(message.content)} for message in messages]
        text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        tokens: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tokens

    def _disarm(self, content: str) -> str:
        """The content with its special tokens broken up: a document must not end its turn and begin another."""
        while (broken := self._special.sub(lambda token: f"{token[0][:1]} {token[0][1:]}", content)) != content:
            content = broken
        return content


def _load(folder: Path) -> tuple[Any, Any]:
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(
            f"The generator model {folder.name} is not installed; run `scholiast models pull`, or name a folder with a "
            "causal language model in safetensors format."
        )
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=_fastest_type(), local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"The generator model {folder.name} cannot be read; run `scholiast models pull` to install it anew."
        ) from error
    if not tokenizer.chat_template:
        raise ModelUnavailable(
            f"The generator model {folder.name} has no chat template; name an instruct model instead."
        )
    model.eval()
    return model, tokenizer


def _fastest_type() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32: emulated bfloat16 is slower."""
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return torch.bfloat16 if native else torch.float32


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a turn: those of the generation settings (one or several) and the tokenizer's own."""
    configured = model.generation_config.eos_token_id
    several = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in (*several, tokenizer.eos_token_id) if token is not None)


def _special_tokens(tokenizer: Any) -> re.Pattern[str]:
    """Finds the strings that the tokenizer would read as special tokens."""
    strings = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return re.compile("|".join(re.escape(string) for string in strings if len(string) > 1) or "(?!)")


def _milliseconds_since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 2)
