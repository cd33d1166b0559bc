"""The fused forward pass against the general one, on models with random weights."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from retrieval.bert_encoder import BertEncoder
from retrieval.embedding import general_encoder


def save(folder: Path, **changes: Any) -> Path:
    torch.manual_seed(0)
    sizes = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 96}
    model = BertModel(BertConfig(vocab_size=200, **sizes, **changes), add_pooling_layer=False).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # they start as zeros, which would hide one that is left out
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("lengths", [[7], [9, 9], [11, 4, 1]], ids=["one", "of one length", "padded"])
def test_token_vectors_are_those_of_the_general_implementation(tmp_path: Path, lengths: list[int]) -> None:
    folder = save(tmp_path / "bert")
    tokens = torch.randint(5, 200, (len(lengths), max(lengths)))
    mask = torch.tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
    fused = BertEncoder.read(folder, torch.float32)
    assert fused is not None
    general, width = general_encoder(folder, torch.float32, {})
    assert fused.width == width == 48
    with torch.inference_mode():
        expected = BertModel.from_pretrained(folder)(input_ids=tokens * mask, attention_mask=mask).last_hidden_state
        for encode in (fused, general):
            found = encode(tokens * mask, lengths)
            torch.testing.assert_close(found[mask.bool()], expected[mask.bool()], rtol=1e-4, atol=1e-5)


def test_words_stay_in_the_bytes_they_came_in_and_give_the_same_vectors(tmp_path: Path) -> None:
    folder = save(tmp_path / "bert")
    stored = {name: weight.half().float() for name, weight in load_file(folder / "model.safetensors").items()}
    save_file(stored, folder / "model.safetensors")
    wide = BertEncoder.read(folder, torch.float32)
    save_file({name: weight.half() for name, weight in stored.items()}, folder / "model.safetensors")
    narrow = BertEncoder.read(folder, torch.float32)
    assert wide is not None
    assert narrow is not None
    assert (narrow._words.dtype, narrow.dtype) == (torch.float16, torch.float32)
    tokens = torch.randint(5, 200, (2, 9))
    with torch.inference_mode():
        assert torch.equal(narrow(tokens, [9, 7]), wide(tokens, [9, 7]))


def test_other_models_are_left_to_the_general_implementation(tmp_path: Path) -> None:
    assert BertEncoder.read(save(tmp_path / "relu", hidden_act="relu"), torch.float32) is None
    (tmp_path / "relu" / "config.json").write_text('{"model_type": "roberta", "hidden_act": "gelu"}')
    assert BertEncoder.read(tmp_path / "relu", torch.float32) is None


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="where else a process's mappings are told, varies")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("stored", [torch.float32, torch.float16], ids=str)
def test_an_encoder_does_not_keep_its_file_mapped(tmp_path: Path, stored: torch.dtype, dtype: torch.dtype) -> None:
    file = save(tmp_path / "bert") / "model.safetensors"
    # The vectors alone in 16 bits, as published models have them: a bias is then as the file has it.
    matrices = {name: weight.to(stored) if weight.ndim > 1 else weight for name, weight in load_file(file).items()}
    save_file(matrices, file)
    del matrices
    encoder = BertEncoder.read(file.parent, dtype)
    assert encoder is not None
    assert str(file) not in Path("/proc/self/maps").read_text()
