"""A packed encoder becomes a folder that sentence-transformers loads, with the same weights and the right forms."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertModel

from app.models.convert_e5 import convert_e5, full_name
from app.models.packed_e5 import read_packed_encoder
from retrieval.embedding import SentenceEmbedder
from tests.app.models_packed import packed_tiny_encoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "tiny-q4.bin").write_bytes(packed_tiny_encoder())
    convert_e5(source, target)
    return target


@pytest.fixture(scope="module")
def model(folder: Path) -> SentenceEmbedder:
    return SentenceEmbedder(folder, threads=2, dtype=torch.float32)


def test_a_text_becomes_a_unit_vector(model: SentenceEmbedder) -> None:
    vectors = model.embed_passages(["hello world", "猫"])
    assert vectors.shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_queries_and_passages_get_their_own_prompt(model: SentenceEmbedder) -> None:
    asked, told = model.embed_query("hello"), model.embed_passages(["hello"])[0]
    assert np.abs(asked - told).max() > 1e-4


def test_long_texts_are_cut_at_the_number_of_positions(model: SentenceEmbedder) -> None:
    assert model.max_tokens == 16
    assert model.embed_passages(["hello " * 100]).shape == (1, 32)


def test_the_weights_are_the_packed_ones_within_float16(folder: Path) -> None:
    packed = {full_name(name): array for name, array in read_packed_encoder(packed_tiny_encoder()).tensors.items()}
    loaded = BertModel.from_pretrained(folder, add_pooling_layer=False).state_dict()
    assert loaded.keys() == packed.keys(), "nothing is left out, nothing made up"
    for name, tensor in loaded.items():
        assert tensor.dtype == torch.float32
        np.testing.assert_allclose(tensor.numpy().reshape(-1), packed[name], rtol=2**-11, atol=1e-7)


def test_padding_does_not_change_a_vector(model: SentenceEmbedder) -> None:
    together = model.embed_passages(["hello", "hello world a b a b"])
    np.testing.assert_allclose(together[0], model.embed_passages(["hello"])[0], atol=1e-5)
