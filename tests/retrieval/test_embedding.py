"""The embedder with the real model: unit vectors, order kept, neighbours as in float32."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from retrieval.embedding import PADDED_TO, SentenceEmbedder, padded
from retrieval.errors import ModelUnavailable

FOLDER = Path(__file__).parents[2] / "models" / "multilingual-e5-small"
TEXTS = [f"The {noun} of the {place} opens at {hour}." for noun in ("gate", "library", "ferry", "museum")
         for place in ("harbour", "old town", "island") for hour in (7, 9, 11)]  # fmt: skip


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder(FOLDER, threads=2)


def test_batches_of_many_lengths_have_few_sizes_and_keep_every_token() -> None:
    widths = set()
    for length in range(1, 100):
        batch = [list(range(1, length + 1)), [7]]
        tokens, lengths = padded(batch, 97 if length < 98 else length)
        widths.add(tokens.shape[1])
        assert lengths == [length, 1]
        assert [row[row > 0].tolist() for row in tokens] == batch
    assert widths == {*range(PADDED_TO, 97, PADDED_TO), 97, 98, 99}
    assert padded([[1, 2, 3]], 512)[0].shape == (1, 3)


@pytest.mark.models
def test_vectors_have_unit_length_and_come_in_the_order_of_the_texts(embedder: SentenceEmbedder) -> None:
    texts = [*TEXTS, "A much longer text. " * 60]
    together = embedder.embed_passages(texts)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, rtol=1e-5)
    alone = np.stack([embedder.embed_passages([text])[0] for text in texts[::9]])
    assert ((together[::9] * alone).sum(axis=1) > 0.99).all()


@pytest.mark.models
def test_token_vectors_are_those_of_the_texts_own_tokens(embedder: SentenceEmbedder) -> None:
    texts = ["The library opens at nine.", "图书馆几点开门？", "", "A longer text. " * 400]
    for prompt in ("query", "passage"):
        found = embedder.token_vectors(texts, prompt)
        counted = embedder.count_tokens(texts)
        # Alone, Chinese begins with the mark of a word's beginning; after a prompt that belongs to the prompt.
        assert [len(vectors) for vectors in found[:3]] == [counted[0], counted[1] - 1, 0]
        assert counted[3] > embedder.max_tokens > len(found[3]) > embedder.max_tokens - 10
        np.testing.assert_allclose(np.linalg.norm(found[0], axis=1), 1.0, rtol=1e-3)


@pytest.mark.models
def test_tokens_for_others_are_uncut_and_do_not_change_what_is_embedded(embedder: SentenceEmbedder) -> None:
    long = "A longer text. " * 400
    before = embedder.embed_passages([long])
    encoded = embedder.encode(long)
    assert len(encoded.ids) == embedder.count_tokens([long])[0] > embedder.max_tokens
    assert long[slice(*encoded.offsets[-2])].strip() == "text"
    np.testing.assert_array_equal(embedder.embed_passages([long]), before)


@pytest.mark.models
def test_its_threads_compute_alone_and_leave_those_of_others_as_they_are(embedder: SentenceEmbedder) -> None:
    embedder.embed_passages(TEXTS)
    assert {future.result() for future in [embedder._pool.submit(torch.get_num_threads) for _ in range(20)]} == {1}
    with ThreadPoolExecutor(1) as other:
        assert other.submit(torch.get_num_threads).result() == 2


@pytest.mark.models
def test_neighbours_agree_with_those_in_float32(embedder: SentenceEmbedder) -> None:
    exact = SentenceEmbedder(FOLDER, threads=2, dtype=torch.float32)
    fast, slow = embedder.embed_passages(TEXTS), exact.embed_passages(TEXTS)
    agreement = [
        len(set(np.argsort(-(fast @ vector))[:6]) & set(np.argsort(-(slow @ other))[:6])) / 6
        for vector, other in zip(fast, slow, strict=True)
    ]
    assert np.mean(agreement) >= 0.9


@pytest.mark.models
def test_nothing_gives_no_vectors(embedder: SentenceEmbedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)


def test_a_folder_without_a_model_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="scholiast models pull"):
        SentenceEmbedder(tmp_path / "multilingual-e5-small", threads=1)


def test_a_module_that_is_not_supported_is_named(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense", "path": "1"}]')
    with pytest.raises(ModelUnavailable, match="Dense"):
        SentenceEmbedder(tmp_path, threads=1)


@pytest.mark.models
def test_a_query_that_comes_again_is_remembered_and_cannot_be_spoiled(embedder: SentenceEmbedder) -> None:
    first = embedder.embed_query("When does the ferry leave?")
    assert embedder.embed_query("When does the ferry leave?") is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0
    for number in range(300):
        embedder._recent[str(number)] = first
    embedder.embed_query("Another one?")
    assert "0" not in embedder._recent
