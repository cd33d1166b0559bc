"""A packed encoder becomes a folder that sentence-transformers loads, with the same weights and the right forms."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import BertModel

from app.models.convert_e5 import convert_e5, full_name
from app.models.packed_e5 import read_packed_encoder
from tests.app.models_packed import packed_tiny_encoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "tiny-q4.bin").write_bytes(packed_tiny_encoder())
    convert_e5(source, target)
    return target


@pytest.fixture(scope="module")
def model(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def test_a_text_becomes_a_unit_vector(model: SentenceTransformer) -> None:
    vectors = model.encode(["hello world", "猫"])
    assert vectors.shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_queries_and_passages_get_their_own_prompt(model: SentenceTransformer) -> None:
    bare = model.encode("query: hello")
    np.testing.assert_allclose(model.encode_query("hello"), bare, atol=1e-6)
    np.testing.assert_allclose(model.encode("hello", prompt_name="query"), bare, atol=1e-6)
    passage = model.encode("passage: hello")
    np.testing.assert_allclose(model.encode_document("hello"), passage, atol=1e-6)
    np.testing.assert_allclose(model.encode("hello", prompt_name="passage"), passage, atol=1e-6)


def test_long_texts_are_cut_at_the_number_of_positions(model: SentenceTransformer) -> None:
    assert model.max_seq_length == 16
    model.encode("hello " * 100)


def test_the_weights_are_the_packed_ones_within_float16(folder: Path) -> None:
    packed = {full_name(name): array for name, array in read_packed_encoder(packed_tiny_encoder()).tensors.items()}
    loaded = BertModel.from_pretrained(folder, add_pooling_layer=False).state_dict()
    assert loaded.keys() == packed.keys(), "nothing is left out, nothing made up"
    for name, tensor in loaded.items():
        assert tensor.dtype == torch.float32
        np.testing.assert_allclose(tensor.numpy().reshape(-1), packed[name], rtol=2**-11, atol=1e-7)


def test_padding_does_not_change_a_vector(model: SentenceTransformer) -> None:
    together = model.encode(["hello", "hello world a b a b"], batch_size=2)
    np.testing.assert_allclose(together[0], model.encode("hello"), atol=1e-5)
