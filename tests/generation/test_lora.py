import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM

from generation.llama import LlamaDecoder
from generation.llama_shape import LlamaShape
from generation.lora import load_adapter
from generation.transformers_model import TransformersModel
from generation.types import GenerationOptions, Message
from retrieval.errors import ModelUnavailable
from tests.generation.tiny_models import save_tiny_llama, save_tiny_neox

TOKENS = [7, 3, 200, 44, 91, 12, 5, 5, 130, 77, 18, 240]
MODULES = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"]
RANK, ALPHA = 4, 8.0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny")


def save_adapter(folder: Path, base: Path, seed: int = 0, **changes: Any) -> dict[str, Tensor]:
    """A random adapter as peft writes it; gives what it adds to each matrix."""
    torch.manual_seed(seed)
    weights = load_file(base / "model.safetensors")
    tensors: dict[str, Tensor] = {}
    added: dict[str, Tensor] = {}
    for layer in range(2):
        for module in MODULES:
            name = f"model.layers.{layer}.{module}"
            rows, columns = weights[f"{name}.weight"].shape
            down, up = torch.randn(RANK, columns), torch.randn(rows, RANK) / 10
            tensors[f"base_model.model.{name}.lora_A.weight"] = down
            tensors[f"base_model.model.{name}.lora_B.weight"] = up
            added[f"{name}.weight"] = ALPHA / RANK * up @ down
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    configuration = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none", "target_modules": MODULES}
    (folder / "adapter_config.json").write_text(json.dumps(configuration | changes))
    return added


def merged(base: Path, folder: Path, added: dict[str, Tensor]) -> Path:
    shutil.copytree(base, folder)
    weights = load_file(base / "model.safetensors")
    save_file(
        {name: weight + added.get(name, 0) for name, weight in weights.items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    return folder


def loaded(folder: Path) -> tuple[LlamaDecoder, LlamaShape]:
    shape = LlamaShape.read(folder)
    assert shape is not None
    return LlamaDecoder(folder, shape, torch.float32), shape


def test_an_adapter_reads_and_decodes_like_the_weights_it_is_merged_into(tmp_path: Path, tiny: Path) -> None:
    added = save_adapter(tmp_path / "style", tiny)
    decoder, shape = loaded(tiny)
    decoder.add_adapter("style", load_adapter(tmp_path / "style", shape))
    model = AutoModelForCausalLM.from_pretrained(merged(tiny, tmp_path / "merged", added), dtype=torch.float32)
    expected = model(torch.tensor([TOKENS])).logits[0].detach()
    plain = decoder.new_cache(20)
    cache = decoder.new_cache(20, "style")
    with torch.inference_mode():
        found = decoder.read(TOKENS[:6], cache)
        assert torch.corrcoef(torch.stack([found, expected[5]]))[0, 1] > 0.9995  # the head is in int8
        assert torch.corrcoef(torch.stack([decoder.read(TOKENS[:6], plain), expected[5]]))[0, 1] < 0.95
        for place, token in enumerate(TOKENS[6:], 6):
            found, other = decoder.step([([token], cache), ([token], plain)])
            assert torch.corrcoef(torch.stack([found[0], expected[place]]))[0, 1] > 0.999


def test_guesses_with_an_adapter_have_the_same_bits_as_one_by_one(tmp_path: Path, tiny: Path) -> None:
    save_adapter(tmp_path / "style", tiny)
    decoder, shape = loaded(tiny)
    decoder.add_adapter("style", load_adapter(tmp_path / "style", shape))
    one, several = decoder.new_cache(20, "style"), decoder.new_cache(20, "style")
    for cache in (one, several):
        decoder.read(TOKENS[:6], cache)
    singly = torch.cat([decoder.step([([token], one)])[0] for token in TOKENS[6:9]])
    if decoder.step_rows == 1:
        pytest.skip("this processor rounds the rows of one step differently, and the decoder has noticed")
    assert torch.equal(singly, decoder.step([(TOKENS[6:9], several)])[0])


def test_what_one_adapter_has_read_is_not_reused_by_another(tmp_path: Path, tiny: Path) -> None:
    for seed, name in enumerate(("first", "second")):
        save_adapter(tmp_path / name, tiny, seed)
    model = TransformersModel(tiny, 1, adapters={name: tmp_path / name for name in ("first", "second")})
    asked = [Message("user", "x" * 600)]

    def ask(model: TransformersModel) -> tuple[str, int]:
        pieces = list(model.stream(asked, GenerationOptions(max_tokens=12), lambda: False))
        assert pieces[-1].usage is not None
        return "".join(piece.text for piece in pieces), pieces[-1].usage.reused_tokens

    first, second = model.with_adapter("first"), model.with_adapter("second")
    said = [ask(model), ask(first), ask(second)]
    assert [reused for _, reused in said] == [0, 0, 0]
    assert len({text for text, _ in said}) == 3
    assert ask(first) == (said[1][0], 512)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"bias": "all"}, "bias"),
        ({"peft_type": "IA3"}, "peft_type"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
    ],
)
def test_adapters_that_do_more_than_add_are_refused(
    tmp_path: Path, tiny: Path, changes: dict[str, Any], complaint: str
) -> None:
    save_adapter(tmp_path / "style", tiny, **changes)
    with pytest.raises(ModelUnavailable, match=complaint):
        load_adapter(tmp_path / "style", loaded(tiny)[1])


def test_missing_damaged_and_foreign_adapters_are_refused(tmp_path: Path, tiny: Path) -> None:
    shape = loaded(tiny)[1]
    with pytest.raises(ModelUnavailable, match="missing"):
        load_adapter(tmp_path / "absent", shape)
    save_adapter(tmp_path / "foreign", save_tiny_llama(tmp_path / "wider", hidden_size=64))
    with pytest.raises(ModelUnavailable, match="does not fit"):
        load_adapter(tmp_path / "foreign", shape)
    (tmp_path / "foreign" / "adapter_model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_adapter(tmp_path / "foreign", shape)
    with pytest.raises(ModelUnavailable, match="Llama family"):
        TransformersModel(save_tiny_neox(tmp_path / "neox"), 1, adapters={"style": tmp_path / "foreign"})


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of peft, at names that transformers has renamed
@pytest.mark.parametrize("scaled", [False, True])
def test_an_adapter_is_exact_against_peft(tmp_path: Path, tiny: Path, scaled: bool) -> None:
    peft = pytest.importorskip("peft")
    settings = peft.LoraConfig(
        r=RANK,
        lora_alpha=12,
        target_modules="all-linear",
        init_lora_weights=False,
        use_rslora=scaled,
        alpha_pattern={"q_proj": 20},
        rank_pattern={"down_proj": 2},
    )
    model = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32), settings)
    model.save_pretrained(tmp_path / "style")
    expected = model(torch.tensor([TOKENS])).logits[0, -1].detach()
    decoder, shape = loaded(tiny)
    decoder.add_adapter("style", load_adapter(tmp_path / "style", shape))
    found = decoder.read(TOKENS, decoder.new_cache(20, "style"))
    assert torch.corrcoef(torch.stack([found, expected]))[0, 1] > 0.9995
    assert (found - expected).abs().max() < 0.03 * expected.abs().max()  # the head is in int8, nothing else
