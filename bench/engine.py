"""The decoding engine on the prompts of the service: its speed beside `generate` of transformers, and what it says.

Prompts are real: sample questions with the passages that search finds for them. Every figure of speed is a median of
several runs that alternate with the baseline's, since the speed of a machine drifts.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from app.settings import Settings
from bench import examples
from bench.library import COLLECTION, opened
from bench.report import Report, Row
from generation.chat_template import ChatTemplate
from generation.engine import Completion, Engine, PromptTokens
from generation.kv_cache import PrefixStore
from generation.llama import LlamaDecoder, LlamaShape
from generation.prompts import answer_messages
from generation.types import GenerationOptions
from retrieval.errors import InvalidRequest
from retrieval.types import SearchRequest

ROUNDS = 5
LONG_PROMPT = 1_300
ANSWER = 64
COMPARED = 16
TOGETHER = 8
_MEBIBYTE = 2**20
_NEVER_ENDS = frozenset[int]()


def run(settings: Settings) -> Report:
    """Speed cold, warm and shared, and how many answers are token by token those of float32."""
    torch.set_num_threads(settings.threads)
    folder = settings.model_folder(settings.generator_model)
    shape = LlamaShape.read(folder)
    if shape is None:
        raise InvalidRequest(f"{folder.name} is not a Llama model; the engine has nothing to run.", field="model")
    decoder = LlamaDecoder(folder, shape, torch.bfloat16)
    prompts = _prompts(settings, folder)
    rows = [*_speed(decoder, folder, prompts), *_agreement(decoder, folder, prompts)]
    configuration = {
        "model": folder.name,
        "threads": settings.threads,
        "rounds": ROUNDS,
        "step_rows": decoder.step_rows,
        "prompts": len(prompts),
    }
    return Report("engine", configuration, rows)


def _prompts(settings: Settings, folder: Path) -> list[PromptTokens]:
    """The prompts that the service would make for the English sample questions."""
    template = ChatTemplate(folder)
    found = []
    with opened(settings) as library:
        examples.store(library)
        library.build()
        for entry in examples.questions():
            if entry["language"] == "en":
                hits = library.retriever.search(
                    SearchRequest(entry["question"], COLLECTION, settings.answer_passages)
                ).hits
                turns = [
                    {"role": message.role, "content": message.content}
                    for message in answer_messages(entry["question"], (), hits)
                ]
                tokens = template.encode(turns)
                ends = [place + 1 for place, token in enumerate(tokens) if token in template.end_tokens]
                found.append(PromptTokens(tokens, ends[-2]))
    return found


def _speed(decoder: LlamaDecoder, folder: Path, prompts: Sequence[PromptTokens]) -> list[Row]:
    long = [token for prompt in prompts for token in prompt.tokens]
    generate = _generate(folder, torch.bfloat16)
    engine = Engine(decoder, PrefixStore(256 * _MEBIBYTE))
    alone = Engine(_Single(decoder), PrefixStore(0))
    times: dict[tuple[str, str, str], list[float]] = {}

    def note(system: str, data: str, metric: str, value: float) -> None:
        times.setdefault((system, data, metric), []).append(value)

    long_data = f"{LONG_PROMPT} + {ANSWER} tokens"
    for number in range(ROUNDS):
        # Each round another prompt: nothing of it has been read before.
        tokens = long[number * LONG_PROMPT : (number + 1) * LONG_PROMPT]
        seconds, first, completion = _timed(engine, PromptTokens(tokens), ANSWER)
        note("engine", long_data, "seconds", seconds)
        note("engine", long_data, "first token ms", 1000 * first)
        seconds_plain, first_plain, _ = _timed(alone, PromptTokens(tokens), ANSWER)
        note("engine without guesses", long_data, "seconds", seconds_plain)
        note(
            "engine without guesses",
            long_data,
            "tokens/s after the first",
            (ANSWER - 1) / (seconds_plain - first_plain),
        )
        started = time.perf_counter()
        generate(tokens, ANSWER)
        baseline = time.perf_counter() - started
        note("generate, bfloat16", long_data, "seconds", baseline)
        note("engine", long_data, "times as fast as generate", baseline / seconds)
        # The same passages with another question at the end.
        _, warm, completion = _timed(engine, PromptTokens([*tokens[:-20], *long[:20]]), 1)
        note("engine, prefix known", long_data, "first token ms", 1000 * warm)
        note("engine, prefix known", long_data, "share of the cold first token", warm / first)
        note("engine, prefix known", long_data, "tokens reused", completion.reused)
    guessing = [_timed(engine, prompt, ANSWER) for prompt in prompts[:20]]
    real = "answers to sample questions"
    for seconds, first, _ in guessing:
        note("engine", real, "tokens/s after the first", (ANSWER - 1) / (seconds - first))
    guessed, accepted = (sum(getattr(item[2], name) for item in guessing) for name in ("guessed", "accepted"))
    rows = [Row(*key, statistics.median(values)) for key, values in times.items()]
    rows.append(Row("engine", real, "share of guesses accepted", accepted / guessed if guessed else 0.0))
    return [*rows, *_together(engine, prompts)]


def _together(engine: Engine, prompts: Sequence[PromptTokens]) -> list[Row]:
    """Tokens a second of one request and of several at once, alternating."""
    ratios: list[float] = []
    firsts: list[float] = []
    rates: list[float] = []
    for _ in range(3):
        single = ANSWER / _timed(engine, prompts[0], ANSWER)[0]
        started = time.perf_counter()
        with ThreadPoolExecutor(TOGETHER) as readers:
            heard = readers.map(lambda prompt: _timed(engine, prompt, ANSWER)[1], prompts[1 : 1 + TOGETHER])
            firsts += list(heard)
        rate = TOGETHER * ANSWER / (time.perf_counter() - started)
        ratios.append(rate / single)
        rates.append(rate)
    data = f"{TOGETHER} requests at once"
    return [
        Row("engine", data, "tokens/s, prompts included", statistics.median(rates)),
        Row("engine", data, "times the tokens/s of one", statistics.median(ratios)),
        Row("engine", data, "first token ms, p95", 1000 * sorted(firsts)[int(0.95 * len(firsts))]),
    ]


def _agreement(decoder: LlamaDecoder, folder: Path, prompts: Sequence[PromptTokens]) -> list[Row]:
    """Answers that are token by token those of float32, and that guessing leaves as they are."""
    exact, coarse = _generate(folder, torch.float32), _generate(folder, torch.bfloat16)
    counts = {"engine": 0, "generate, bfloat16": 0, "engine without guesses": 0}
    compared = prompts[:COMPARED]
    agreed, tokens = 0, 0
    for prompt in compared:
        expected = exact(prompt.tokens, ANSWER)
        said = _say(Engine(decoder, PrefixStore(0)), prompt)
        counts["engine"] += said == expected
        counts["generate, bfloat16"] += coarse(prompt.tokens, ANSWER) == expected
        counts["engine without guesses"] += said == _say(Engine(_Single(decoder), PrefixStore(0)), prompt)
        agreed += _first_choices(decoder, prompt, expected)
        tokens += len(expected)
    data = f"{len(compared)} answers of {ANSWER} tokens"
    return [
        Row("engine", data, "share equal to float32", counts["engine"] / len(compared)),
        Row("generate, bfloat16", data, "share equal to float32", counts["generate, bfloat16"] / len(compared)),
        Row("engine without guesses", data, "share equal to engine", counts["engine without guesses"] / len(compared)),
        Row("engine", data, "share of tokens that float32 chooses", agreed / tokens),
    ]


def _first_choices(decoder: LlamaDecoder, prompt: PromptTokens, answer: Sequence[int]) -> int:
    """How many tokens of the answer the decoder would choose too, each after the true ones before it."""
    cache = decoder.new_cache(len(prompt.tokens) + len(answer))
    with torch.inference_mode():
        agreed = int(int(decoder.read(prompt.tokens, cache).argmax()) == answer[0])
        for token, following in zip(answer, answer[1:], strict=False):
            agreed += int(int(decoder.step([([token], cache)])[0][0].argmax()) == following)
    return agreed


class _Single:
    """The decoder without room for guesses."""

    step_rows = 1

    def __init__(self, decoder: LlamaDecoder) -> None:
        self.new_cache, self.read, self.step = decoder.new_cache, decoder.read, decoder.step


def _timed(engine: Engine, prompt: PromptTokens, count: int) -> tuple[float, float, Completion]:
    """Seconds until the end and until the first token."""
    started = time.perf_counter()
    completion, tokens = engine.complete(prompt, GenerationOptions(max_tokens=count), _NEVER_ENDS, lambda: False)
    next(tokens)
    first = time.perf_counter() - started
    for _ in tokens:
        pass
    return time.perf_counter() - started, first, completion


def _say(engine: Engine, prompt: PromptTokens) -> list[int]:
    options = GenerationOptions(max_tokens=ANSWER)
    return list(islice(engine.complete(prompt, options, _NEVER_ENDS, lambda: False)[1], ANSWER))


def _generate(folder: Path, dtype: torch.dtype) -> Callable[[Sequence[int], int], list[int]]:
    """Greedy decoding by transformers, to a fixed number of tokens."""
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 - the baseline alone needs it

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)

    def generate(tokens: Sequence[int], count: int) -> list[int]:
        prompt = torch.tensor([list(tokens)])
        with torch.inference_mode():
            output = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=count,
                min_new_tokens=count,
                do_sample=False,
            )
        said: list[int] = output[0, len(tokens) :].tolist()
        return said

    return generate
