"""The batcher: full batches from many askers, each given its own vectors."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.batching import EmbeddingBatcher


class LengthEmbedder:
    """The vector of a text is its length; remembers the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]:
        self.entered.set()
        self.gate.wait()
        self.batches.append(len(passages))
        if "poison" in passages:
            raise ValueError("poison")
        return np.array([[len(passage)] for passage in passages], dtype=np.float32)


@pytest.fixture
def embedder() -> LengthEmbedder:
    return LengthEmbedder()


@pytest.fixture
def batcher() -> Iterator[EmbeddingBatcher]:
    built = EmbeddingBatcher()
    yield built
    built.close()


def test_everyone_gets_the_vectors_of_their_own_texts(batcher: EmbeddingBatcher, embedder: LengthEmbedder) -> None:
    with ThreadPoolExecutor(16) as threads:
        asked = [["x" * (n + m) for m in range(n % 4 + 1)] for n in range(60)]
        for texts, vectors in zip(asked, threads.map(partial(batcher.embed, embedder), asked), strict=True):
            assert vectors[:, 0].tolist() == [len(text) for text in texts]


def test_texts_that_wait_are_embedded_together(batcher: EmbeddingBatcher, embedder: LengthEmbedder) -> None:
    embedder.gate.clear()
    with ThreadPoolExecutor(41) as threads:
        futures = [threads.submit(batcher.embed, embedder, ["first"])]
        embedder.entered.wait()
        futures += [threads.submit(batcher.embed, embedder, ["text"]) for _ in range(40)]
        while batcher.waiting < 40:
            time.sleep(0.001)
        embedder.gate.set()
        for future in futures:
            future.result()
    assert embedder.batches == [1, 40]


def test_two_models_never_share_a_batch_and_nobody_loses_their_turn(batcher: EmbeddingBatcher) -> None:
    embedders = LengthEmbedder(), LengthEmbedder()
    embedders[0].gate.clear()
    with ThreadPoolExecutor(41) as threads:
        futures = [threads.submit(batcher.embed, embedders[0], ["first"])]
        embedders[0].entered.wait()
        futures += [threads.submit(batcher.embed, embedders[number % 2], ["x" * number]) for number in range(40)]
        while batcher.waiting < 40:
            time.sleep(0.001)
        embedders[0].gate.set()
        lengths = [future.result()[0, 0] for future in futures]
    assert lengths == [5, *range(40)]
    assert [sum(embedder.batches) for embedder in embedders] == [21, 20]


def test_an_error_reaches_those_who_asked_and_the_batcher_goes_on(
    batcher: EmbeddingBatcher, embedder: LengthEmbedder
) -> None:
    with pytest.raises(ValueError, match="poison"):
        batcher.embed(embedder, ["poison"])
    assert batcher.embed(embedder, ["fine"])[0, 0] == 4
