from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from generation.llama import MAX_STEP_ROWS, LlamaDecoder
from generation.llama_shape import LlamaShape
from retrieval.fastest_dtype import fastest_dtype
from tests.generation.tiny_models import save_tiny_llama, save_tiny_neox

EMBEDDED = Path("models/SmolLM2-135M-Instruct")
TOKENS = [7, 3, 200, 44, 91, 12, 5, 5, 130, 77, 18, 240]


def load(folder: Path, dtype: torch.dtype = torch.float32) -> LlamaDecoder:
    shape = LlamaShape.read(folder)
    assert shape is not None
    return LlamaDecoder(folder, shape, dtype)


def reference(folder: Path, tokens: list[int]) -> Tensor:
    """Logits [tokens, vocabulary] of transformers in float32."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        logits: Tensor = model(torch.tensor([tokens])).logits[0]
    return logits


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize(
    "changes", [{}, {"tie_word_embeddings": True}, {"num_key_value_heads": 4}, {"rms_norm_eps": 0.5}, {"head_dim": 16}]
)
def test_a_prompt_read_in_pieces_has_the_logits_of_transformers(tmp_path: Path, changes: dict[str, object]) -> None:
    folder = save_tiny_llama(tmp_path / "model", **changes)
    decoder = load(folder)
    cache = decoder.new_cache(20)
    decoder.read(TOKENS[:7], cache)
    found = decoder.read(TOKENS[7:], cache)
    expected = reference(folder, TOKENS)[-1]
    # The head is in int8: half a step of its largest weight a product.
    assert torch.corrcoef(torch.stack([found, expected]))[0, 1] > 0.9995
    assert (found - expected).abs().max() < 0.03 * expected.abs().max()


def test_steps_in_int8_stay_close_to_transformers(tiny: Path) -> None:
    decoder = load(tiny)
    cache = decoder.new_cache(20)
    decoder.read(TOKENS[:6], cache)
    found = torch.stack([decoder.step([([token], cache)])[0][0] for token in TOKENS[6:]])
    expected = reference(tiny, TOKENS)[6:]
    for row, wanted in zip(found, expected, strict=True):
        assert torch.corrcoef(torch.stack([row, wanted]))[0, 1] > 0.999


def test_several_tokens_a_step_give_the_same_bits_as_one_by_one(tiny: Path) -> None:
    decoder = load(tiny, fastest_dtype())
    if decoder.step_rows == 1:
        pytest.skip("this processor rounds the rows of one step differently, and the decoder has noticed")
    one, several = decoder.new_cache(20), decoder.new_cache(20)
    for cache in (one, several):
        decoder.read(TOKENS[:8], cache)
    singly = torch.stack([decoder.step([([token], one)])[0][0] for token in TOKENS[8 : 8 + MAX_STEP_ROWS]])
    together = decoder.step([(TOKENS[8 : 8 + MAX_STEP_ROWS], several)])[0]
    assert torch.equal(singly, together)


def test_a_sequence_has_the_same_bits_alone_and_in_company(tiny: Path) -> None:
    decoder = load(tiny)
    alone, beside, other = (decoder.new_cache(20) for _ in range(3))
    for cache in (alone, beside):
        decoder.read(TOKENS[:5], cache)
    decoder.read(TOKENS[:9], other)
    for token in TOKENS[5:8]:
        expected = decoder.step([([token], alone)])[0]
        found = decoder.step([([3, 4], other), ([token], beside)])[1]
        assert torch.equal(found, expected)


def test_rows_taken_back_leave_no_trace(tiny: Path) -> None:
    decoder = load(tiny)
    straight, detour = decoder.new_cache(20), decoder.new_cache(20)
    for cache in (straight, detour):
        decoder.read(TOKENS[:5], cache)
    decoder.step([([90, 91, 92], detour)])
    detour.advance(-3)
    assert torch.equal(decoder.step([([7], straight)])[0], decoder.step([([7], detour)])[0])


def test_other_families_and_unknown_variants_are_left_to_transformers(tmp_path: Path) -> None:
    assert LlamaShape.read(save_tiny_neox(tmp_path / "neox")) is None
    assert LlamaShape.read(save_tiny_llama(tmp_path / "biased", attention_bias=True)) is None
    stretched = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10_000.0}
    assert LlamaShape.read(save_tiny_llama(tmp_path / "stretched", rope_parameters=stretched)) is None
    assert LlamaShape.read(save_tiny_llama(tmp_path / "activated", hidden_act="gelu")) is None


@pytest.mark.models
def test_the_embedded_model_chooses_what_float32_chooses() -> None:
    decoder = load(EMBEDDED, torch.bfloat16)
    tokens = list(range(300, 480, 3))
    cache = decoder.new_cache(100)
    with torch.inference_mode():
        rows = [decoder.read(tokens[:30], cache)]
        rows += [decoder.step([([token], cache)])[0][0] for token in tokens[30:]]
    expected = reference(EMBEDDED, tokens)[29:]
    found = torch.stack(rows).float()
    agreement = (found.argmax(dim=1) == expected.argmax(dim=1)).float().mean()
    assert agreement >= 0.75  # on random tokens, where many are nearly as likely as the first
    assert torch.nn.functional.cosine_similarity(found, expected).min() > 0.99


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="where else a process's mappings are told, varies")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_decoder_does_not_keep_its_file_mapped(tiny: Path, dtype: torch.dtype) -> None:
    decoder = load(tiny, dtype)
    assert str(tiny / "model.safetensors") not in Path("/proc/self/maps").read_text()
    assert decoder.step_rows
