"""A GGUF file becomes a transformers folder that chats by the file's own template."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGUFWriter, TokenType
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from app.models.convert_gguf import convert_gguf
from retrieval.errors import ModelUnavailable

WIDTH, HEADS, INNER = 32, 2, 64
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LETTERS = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ", "ĠĠ"]
TEMPLATE = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' }}{% endfor %}"


def write_tiny_gguf(folder: Path, *, template: str = TEMPLATE) -> None:
    writer = GGUFWriter(folder / "tiny.gguf", "llama")
    writer.add_name("tiny")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    tokens = SPECIAL + LETTERS
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * len(SPECIAL) + [TokenType.NORMAL] * len(LETTERS))
    writer.add_token_merges(["Ġ Ġ"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template(template)
    generator = np.random.default_rng(0)
    for name, shape in tensor_shapes(len(tokens)).items():
        writer.add_tensor(name, generator.normal(size=shape, scale=0.1).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensor_shapes(tokens: int) -> dict[str, tuple[int, ...]]:
    key = WIDTH // HEADS  # one key head
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (tokens, WIDTH), "output_norm.weight": (WIDTH,)}
    matrices = {"attn_q": (WIDTH, WIDTH), "attn_k": (key, WIDTH), "attn_v": (key, WIDTH), "attn_output": (WIDTH, WIDTH)}
    matrices |= {"ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER)}
    shapes |= {f"blk.0.{name}.weight": shape for name, shape in matrices.items()}
    return shapes | {f"blk.0.{name}.weight": (WIDTH,) for name in ("attn_norm", "ffn_norm")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    write_tiny_gguf(source)
    convert_gguf(source, target)
    return target


def test_the_weights_are_plain_bfloat16_and_ready_to_generate(folder: Path) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert not hasattr(model.config, "quantization_config")
    assert model.generate(torch.tensor([[1, 5, 6]]), max_new_tokens=3, do_sample=False).shape[1] > 3


def test_generation_ends_with_the_turn(folder: Path) -> None:
    settings = GenerationConfig.from_pretrained(folder)
    assert (settings.bos_token_id, settings.eos_token_id, settings.pad_token_id) == (1, 2, 2)


def test_the_chat_template_writes_turns_as_single_tokens(folder: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    messages = [{"role": "user", "content": "hi"}]
    ids = tokenizer.apply_chat_template(messages, return_dict=True)["input_ids"]
    assert (ids[0], ids[-1]) == (1, 2)
    assert tokenizer.decode(ids) == "<|im_start|>user\nhi<|im_end|>"
    assert tokenizer.model_max_length == 64


def test_digits_are_split_before_spaces_are_joined(folder: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert tokenizer.tokenize("a  12") == ["a", "ĠĠ", "1", "2"]


def test_the_conversion_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_tiny_gguf(tmp_path)
    capfd.readouterr()
    (tmp_path / "out").mkdir()
    convert_gguf(tmp_path, tmp_path / "out")
    assert capfd.readouterr() == ("", "")


def test_a_file_without_chat_turns_is_refused(tmp_path: Path) -> None:
    write_tiny_gguf(tmp_path, template="{{ messages }}")
    with pytest.raises(ModelUnavailable, match="chat template"):
        convert_gguf(tmp_path, tmp_path)
