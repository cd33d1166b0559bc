"""Turns the GGUF file of SmolLM2 into a transformers folder, once: loading the GGUF itself takes some 20 seconds."""

# ruff: noqa: PLC0415  the model libraries take seconds to import, and the command line imports this file

import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retrieval.errors import ModelUnavailable

START_OF_TURN, END_OF_TURN = "<|im_start|>", "<|im_end|>"


def convert_gguf(source: Path, folder: Path) -> None:
    """Writes the model in the GGUF file that lies in `source` into `folder`: weights, tokenizer, chat template.

    The weights are bfloat16, the type that the model was trained in and runs in.
    """
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig, GgufConfig

    (file,) = source.glob("*.gguf")
    with _silent():
        model = AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype=torch.bfloat16,
            # Plain matrices: packed ones can neither be saved nor run in the engine.
            quantization_config=GgufConfig(dequantize=True),
        )
        tokenizer = _read_tokenizer(file, model.config.max_position_embeddings)
        model.generation_config = GenerationConfig.from_dict(
            {role: getattr(tokenizer, role) for role in ("bos_token_id", "eos_token_id", "pad_token_id")}
        )
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _read_tokenizer(file: Path, context_tokens: int) -> Any:
    """The tokenizer in the GGUF file. Raises ModelUnavailable when it is not the chat tokenizer it should be."""
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    turns = (tokenizer.bos_token, tokenizer.eos_token)
    if turns != (START_OF_TURN, END_OF_TURN) or START_OF_TURN not in (tokenizer.chat_template or ""):
        raise ModelUnavailable("The generator's file has no chat template for its turns. Pull the model again.")
    # The file names its pre-tokenizer ("smollm": digits one by one, then byte level), but transformers reads
    # the vocabulary only and takes plain byte level, which splits the spaces before a number differently.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.model_max_length = context_tokens
    return tokenizer


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keeps the library's warnings and progress bars off the terminal, where the pull shows its own."""
    from transformers.utils import logging as library_logging

    verbosity = library_logging.get_verbosity()
    library_logging.set_verbosity(logging.ERROR)
    try:
        # The bar of the GGUF reader obeys no setting.
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        library_logging.set_verbosity(verbosity)
