"""The batcher: full batches from many askers, each given its own vectors."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.batching import IN_FLIGHT, EmbeddingBatcher


class LengthEmbedder:
    """The vector of a text is its length; remembers the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]:
        self.entered.release()
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


def _occupy(
    threads: ThreadPoolExecutor, batcher: EmbeddingBatcher, embedder: LengthEmbedder
) -> list[Future[NDArray[np.float32]]]:
    """Fills all that is in flight with one text each."""
    futures = []
    for _ in range(IN_FLIGHT):
        futures.append(threads.submit(batcher.embed, embedder, ["first"]))
        embedder.entered.acquire()
    return futures


def test_everyone_gets_the_vectors_of_their_own_texts(batcher: EmbeddingBatcher, embedder: LengthEmbedder) -> None:
    with ThreadPoolExecutor(16) as threads:
        asked = [["x" * (n + m) for m in range(n % 4 + 1)] for n in range(60)]
        for texts, vectors in zip(asked, threads.map(partial(batcher.embed, embedder), asked), strict=True):
            assert vectors[:, 0].tolist() == [len(text) for text in texts]


def test_texts_that_wait_are_embedded_together(batcher: EmbeddingBatcher, embedder: LengthEmbedder) -> None:
    embedder.gate.clear()
    with ThreadPoolExecutor(42) as threads:
        futures = _occupy(threads, batcher, embedder)
        futures += [threads.submit(batcher.embed, embedder, ["text"]) for _ in range(40)]
        while batcher.waiting < 40:
            time.sleep(0.001)
        embedder.gate.set()
        for future in futures:
            future.result()
    assert sorted(embedder.batches) == [1, 1, 40]


def test_two_models_never_share_a_batch_and_nobody_loses_their_turn(batcher: EmbeddingBatcher) -> None:
    embedders = LengthEmbedder(), LengthEmbedder()
    embedders[0].gate.clear()
    with ThreadPoolExecutor(42) as threads:
        futures = _occupy(threads, batcher, embedders[0])
        futures += [threads.submit(batcher.embed, embedders[number % 2], ["x" * number]) for number in range(40)]
        while batcher.waiting < 40:
            time.sleep(0.001)
        embedders[0].gate.set()
        lengths = [future.result()[0, 0] for future in futures]
    assert lengths == [5, 5, *range(40)]
    assert [sum(embedder.batches) for embedder in embedders] == [22, 20]


def test_an_error_reaches_those_who_asked_and_the_batcher_goes_on(
    batcher: EmbeddingBatcher, embedder: LengthEmbedder
) -> None:
    with pytest.raises(ValueError, match="poison"):
        batcher.embed(embedder, ["poison"])
    assert batcher.embed(embedder, ["fine"])[0, 0] == 4
