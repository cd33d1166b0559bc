"""What the engine is measured beside: greedy decoding by transformers and by llama.cpp, to a fixed number of tokens."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from app.models.catalogue import SMOLLM2_GGUF
from app.settings import Settings

Complete = Callable[[Sequence[int], int], list[int]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Another system; `complete` gives so many tokens after a prompt, of which it has read nothing before."""

    name: str
    complete: Complete


def generate(folder: Path, dtype: torch.dtype) -> Baseline:
    """`generate` of transformers."""
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 - the baseline alone needs it

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)

    def complete(tokens: Sequence[int], count: int) -> list[int]:
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

    return Baseline(f"generate, {str(dtype).removeprefix('torch.')}", complete)


def llama_cpp(settings: Settings) -> Baseline | None:
    """llama.cpp on the GGUF file of the same model; None where it or the extra is not installed.

    In a process of its own: its threads count among OpenMP's, and ours would sleep after every product.
    """
    file = next(iter(settings.model_folder(SMOLLM2_GGUF.name).glob("*.gguf")), None)
    if file is None or find_spec("xllamacpp") is None:
        return None
    process = ProcessPoolExecutor(1, get_context("spawn"), _serve_llama_cpp, (str(file), settings.threads))

    def complete(tokens: Sequence[int], count: int) -> list[int]:
        process.submit(_complete_by_llama_cpp, list(tokens), count).result()
        return []

    complete([1, 2, 3], 1)  # the process starts with its first task
    return Baseline("llama.cpp, Q4_1", complete)


_served: list[Any] = []  # the server of this process


def _serve_llama_cpp(file: str, threads: int) -> None:
    import xllamacpp  # noqa: PLC0415 - an optional extra

    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.n_ctx, parameters.n_parallel = 2048, 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.ui, parameters.verbosity, parameters.cache_ram_mib = False, -1, 0
    _served.append(xllamacpp.Server(parameters))


def _complete_by_llama_cpp(tokens: list[int], count: int) -> None:
    asked = {"prompt": tokens, "max_tokens": count, "temperature": 0, "ignore_eos": True}
    _served[0].handle_completions(asked | {"cache_prompt": False})
