"""The decoding engine beside `generate` of transformers and llama.cpp: speed on a long prompt, many at once, memory.

Every figure of speed is a median of rounds in which all systems take turns with the same prompt, since the speed of a
machine drifts. What the engine says is compared in `bench/engine_agreement.py`.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import torch

from app.passing_thread import in_passing_thread
from app.settings import Settings
from bench import engine_agreement
from bench.engine_baselines import Baseline, generate, llama_cpp
from bench.engine_prompts import answer_prompts
from bench.report import Report, Row
from generation.engine import Decoder, Engine
from generation.kv_cache import KeyValues, PrefixStore
from generation.llama import LlamaDecoder
from generation.llama_shape import LlamaShape
from generation.request import Completion, PromptTokens
from generation.types import GenerationOptions
from retrieval.errors import InvalidRequest
from retrieval.fastest_dtype import fastest_dtype

ROUNDS = 5
LONG_PROMPT = 1_300
ANSWER = 64
TOGETHER = 8
_MEBIBYTE = 2**20
# Seconds after which the thread of an engine that nobody uses has ended.
_ENGINE_ENDS = 2.5
_LONG = f"{LONG_PROMPT} + {ANSWER} tokens"
_REAL = "answers to sample questions"
NEVER_ENDS = frozenset[int]()


@dataclass(slots=True)
class _Times:
    """Measured values by system, data and metric."""

    values: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)

    def note(self, system: str, data: str, metric: str, value: float) -> None:
        self.values.setdefault((system, data, metric), []).append(value)

    def rows(self) -> list[Row]:
        return [Row(*key, statistics.median(values)) for key, values in self.values.items()]


@dataclass(frozen=True, slots=True)
class Timing:
    """One completion of a fixed number of tokens."""

    seconds: float
    first: float  # seconds until the first token
    completion: Completion

    @property
    def rate(self) -> float:
        """Tokens a second after the first."""
        return (ANSWER - 1) / (self.seconds - self.first)


def run(settings: Settings, parts: Sequence[str] = (), compared: int | None = None) -> Report:
    """The parts that are named (`speed`, `together`, `agreement`), or all."""
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise InvalidRequest(f"The benchmark has no part {sorted(unknown)[0]}; it has {', '.join(PARTS)}.")
    torch.set_num_threads(settings.threads)
    folder = settings.model_folder(settings.generator_model)
    shape = LlamaShape.read(folder)
    if shape is None:
        raise InvalidRequest(f"{folder.name} is not a Llama model; the engine has nothing to run.", field="model")
    prompts = in_passing_thread(partial(answer_prompts, settings, folder))
    rows = [row for name in parts or PARTS for row in PARTS[name](settings, folder, shape, prompts, compared)]
    configuration = {
        "model": folder.name,
        "threads": settings.threads,
        "processor computes in": str(fastest_dtype()).removeprefix("torch."),
        "rounds": ROUNDS,
        "prompts": len(prompts),
        "parts": list(parts or PARTS),
    }
    return Report("engine", configuration, rows)


def _speed(
    settings: Settings, folder: Path, shape: LlamaShape, prompts: Sequence[PromptTokens], _compared: int | None
) -> list[Row]:
    decoder = in_passing_thread(partial(LlamaDecoder, folder, shape, fastest_dtype()))
    engine, alone = Engine(decoder, PrefixStore(256 * _MEBIBYTE)), Engine(Single(decoder), PrefixStore(0))
    # Where bfloat16 is emulated, its products take seven times as long: no comparison worth the name.
    baselines = [in_passing_thread(partial(generate, folder, fastest_dtype()))]
    if (other := llama_cpp(settings)) is not None:
        baselines.append(other)
    text = [token for prompt in prompts for token in prompt.tokens]
    times = _Times()
    for number in range(ROUNDS):
        # Each round another prompt: nothing of it has been read before.
        tokens = text[number * LONG_PROMPT : (number + 1) * LONG_PROMPT]
        _long_round(times, engine, alone, baselines, tokens)
        # The same passages with another question at the end.
        warm = timed(engine, PromptTokens([*tokens[:-20], *text[:20]]), 1)
        cold = times.values["engine", _LONG, "first token ms"][-1]
        times.note("engine, prefix known", _LONG, "first token ms", 1000 * warm.first)
        times.note("engine, prefix known", _LONG, "share of the cold first token", 1000 * warm.first / cold)
    guessed = accepted = 0
    for prompt in prompts[: 2 * ROUNDS]:
        told = timed(engine, prompt, ANSWER)
        times.note("engine", _REAL, "tokens/s after the first", told.rate)
        times.note("engine without guesses", _REAL, "tokens/s after the first", timed(alone, prompt, ANSWER).rate)
        guessed, accepted = guessed + told.completion.guessed, accepted + told.completion.accepted
    return [*times.rows(), Row("engine", _REAL, "share of guesses accepted", accepted / guessed if guessed else 0.0)]


def _long_round(
    times: _Times, engine: Engine, alone: Engine, baselines: Sequence[Baseline], tokens: Sequence[int]
) -> None:
    ours = timed(engine, PromptTokens(tokens), ANSWER)
    plain = timed(alone, PromptTokens(tokens), ANSWER)
    for name, timing in (("engine", ours), ("engine without guesses", plain)):
        times.note(name, _LONG, "seconds", timing.seconds)
        times.note(name, _LONG, "first token ms", 1000 * timing.first)
        times.note(name, _LONG, "tokens/s after the first", timing.rate)
    time.sleep(_ENGINE_ENDS)
    for baseline in baselines:
        first = _seconds(partial(baseline.complete, tokens, 1))
        whole = _seconds(partial(baseline.complete, tokens, ANSWER))
        times.note(baseline.name, _LONG, "seconds", whole)
        times.note(baseline.name, _LONG, "first token ms", 1000 * first)
        times.note(baseline.name, _LONG, "tokens/s after the first", (ANSWER - 1) / max(whole - first, 1e-3))
        times.note("engine", _LONG, f"times as fast as {baseline.name}", whole / ours.seconds)
        times.note("engine without guesses", _LONG, f"times as fast as {baseline.name}", whole / plain.seconds)


def _together(
    _settings: Settings, folder: Path, shape: LlamaShape, prompts: Sequence[PromptTokens], _compared: int | None
) -> list[Row]:
    """Tokens a second of one request and of several at once, alternating."""
    decoder = in_passing_thread(partial(LlamaDecoder, folder, shape, fastest_dtype()))
    engine = Engine(decoder, PrefixStore(256 * _MEBIBYTE))
    data, times = f"{TOGETHER} requests at once", _Times()
    firsts: list[float] = []
    timed(engine, prompts[-1], 2)  # what begins every prompt is known, as in a service that has warmed up
    for number in range(ROUNDS):
        one, *several = prompts[number * (TOGETHER + 1) : (number + 1) * (TOGETHER + 1)]
        single = ANSWER / timed(engine, one, ANSWER).seconds
        started = time.perf_counter()
        with ThreadPoolExecutor(TOGETHER) as readers:
            firsts += [told.first for told in readers.map(lambda prompt: timed(engine, prompt, ANSWER), several)]
        rate = len(several) * ANSWER / (time.perf_counter() - started)
        times.note("engine", data, "tokens/s, prompts included", rate)
        times.note("engine", data, "times the tokens/s of one", rate / single)
    memory = psutil.Process().memory_info().rss / _MEBIBYTE
    return [
        *times.rows(),
        Row("engine", data, "first token ms, p95", 1000 * sorted(firsts)[int(0.95 * len(firsts))]),
        Row("engine", data, "resident MiB, search included", memory),
    ]


PARTS: dict[str, Callable[[Settings, Path, LlamaShape, Sequence[PromptTokens], int | None], list[Row]]] = {
    "together": _together,
    "speed": _speed,
    "agreement": engine_agreement.rows,
}


class Single:
    """The decoder without room for guesses."""

    step_rows = 1

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.read, self.read_branches, self.step = decoder.read, decoder.read_branches, decoder.step

    def new_cache(self, capacity: int, adapter: str | None = None) -> KeyValues:
        """As the decoder makes it."""
        return self._decoder.new_cache(capacity, adapter)


def timed(engine: Engine, prompt: PromptTokens, count: int) -> Timing:
    """A completion of so many tokens."""
    started = time.perf_counter()
    completion, tokens = engine.complete(prompt, GenerationOptions(max_tokens=count), NEVER_ENDS, lambda: False)
    next(tokens)
    first = time.perf_counter() - started
    for _ in tokens:
        pass
    return Timing(time.perf_counter() - started, first, completion)


def _seconds(work: Callable[[], object]) -> float:
    def timed_work() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return in_passing_thread(timed_work)
