"""A ColBERT folder in PyLate's format is run as that library runs it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel

from retrieval.colbert import ColbertEncoder
from retrieval.errors import ModelUnavailable

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    ".",
    ",",
    "where",
    "is",
    "the",
    "harbour",
    "crane",
    "ship",
    "old",
]
SETTINGS = {"query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 12, "document_length": 10}


def write(folder: Path, **changed: object) -> BertModel:
    """A tiny model with random weights; gives its encoder."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(models.WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_tokens([AddedToken("[Q] "), AddedToken("[D] ")])
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=len(WORDS) + 2,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    model.save_pretrained(folder)
    modules = [("", "sentence_transformers.models.Transformer"), ("1_Dense", "pylate.models.Dense.Dense")]
    (folder / "modules.json").write_text(json.dumps([{"path": path, "type": kind} for path, kind in modules]))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({**SETTINGS, **changed}))
    (folder / "1_Dense").mkdir()
    dense = {"in_features": 32, "out_features": 16, "bias": False}
    (folder / "1_Dense" / "config.json").write_text(json.dumps(dense))
    save_file({"linear.weight": torch.randn(16, 32)}, folder / "1_Dense" / "model.safetensors")
    return model


def expected(folder: Path, model: BertModel, ids: list[int], read: int) -> NDArray[np.float32]:
    """The same by transformers, with PyLate's mask: tokens beyond `read` look at the others and are not looked at."""
    mask = (torch.arange(len(ids)) < read).long()[None]
    with torch.inference_mode():
        hidden = model(input_ids=torch.tensor([ids]), attention_mask=mask).last_hidden_state[0]
    weight = load_file(folder / "1_Dense" / "model.safetensors")["linear.weight"]
    unit: NDArray[np.float32] = normalize(hidden @ weight.T, dim=1).numpy()
    return unit


def numbers(*words: str) -> list[int]:
    return [{"[Q]": len(WORDS), "[D]": len(WORDS) + 1}.get(word) or WORDS.index(word) for word in words]


def test_queries_are_filled_up_with_masks_that_look_and_are_not_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "colbert"
    model = write(folder)
    found = ColbertEncoder(folder, torch.float32).query_tokens("Where is the harbour")
    ids = numbers("[CLS]", "[Q]", "where", "is", "the", "harbour", "[SEP]", *["[MASK]"] * 5)
    np.testing.assert_allclose(found, expected(folder, model, ids, 7), atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "count", "read"),
    [({"attend_to_expansion_tokens": True}, 12, 12), ({"do_query_expansion": False}, 5, 5)],
)
def test_the_folder_says_what_becomes_of_the_masks(
    tmp_path: Path, changed: dict[str, bool], count: int, read: int
) -> None:
    folder = tmp_path / "colbert"
    model = write(folder, **changed)
    found = ColbertEncoder(folder, torch.float32).query_tokens("old ship")
    ids = (numbers("[CLS]", "[Q]", "old", "ship", "[SEP]") + numbers("[MASK]") * 7)[:count]
    np.testing.assert_allclose(found, expected(folder, model, ids, read), atol=1e-5)


def test_documents_lose_their_punctuation_and_their_end(tmp_path: Path) -> None:
    folder = tmp_path / "colbert"
    model = write(folder)
    encoder = ColbertEncoder(folder, torch.float32)
    short, long = encoder.passage_tokens(["the ship, old.", "crane " * 50])
    ids = numbers("[CLS]", "[D]", "the", "ship", ",", "old", ".", "[SEP]")
    np.testing.assert_allclose(short, expected(folder, model, ids, 8)[[0, 1, 2, 3, 5, 7]], atol=1e-5)
    assert long.shape == (10, 16)
    assert encoder.codec.width <= 64
    assert encoder.model_id.startswith("colbert@")


def test_what_cannot_be_used_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        ColbertEncoder(tmp_path / "nothing")
    folder = tmp_path / "colbert"
    write(folder)
    (folder / "modules.json").write_text(json.dumps([{"path": "", "type": "x.Transformer"}]))
    with pytest.raises(ModelUnavailable, match="projections"):
        ColbertEncoder(folder)
    write(tmp_path / "other", query_prefix="[nobody]")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        ColbertEncoder(tmp_path / "other")
