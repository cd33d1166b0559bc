"""Joins the texts of documents that are ingested side by side into full batches for the embedder.

A document of one paragraph would waste the processor if it were embedded alone; with a batch gathered over all
documents at hand, a thousand small ones cost no more than one large one.
"""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# Texts embedded in one call: enough that sorting by length pays, few enough that nobody waits long.
BATCH_TEXTS = 256
IN_FLIGHT = 2


class PassageEmbedder(Protocol):
    """Gives one unit vector a passage."""

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]: ...


_Request = tuple[PassageEmbedder, Sequence[str], "Future[NDArray[np.float32]]"]


class EmbeddingBatcher:
    """Embeds what the ingesting threads ask for, in the order in which they asked, two full batches in flight.

    While one is computed the next is there already: no processor waits for the last texts of a batch.
    """

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._next: _Request | None = None  # taken from the queue, but not for the batch before it
        self._in_flight = threading.Semaphore(IN_FLIGHT)
        self._calls = ThreadPoolExecutor(IN_FLIGHT, "embedding-call")
        self._thread = threading.Thread(target=self._run, name="embedding-batcher", daemon=True)
        self._thread.start()

    def embed(self, embedder: PassageEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [texts, dimension]; waits for its turn. An error of the embedder is raised here."""
        future: Future[NDArray[np.float32]] = Future()
        self._requests.put((embedder, texts, future))
        return future.result()

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return self._requests.qsize()

    def close(self) -> None:
        """Ends the threads once everything asked for is done."""
        self._requests.put(None)
        self._thread.join()
        self._calls.shutdown()

    def _run(self) -> None:
        closing = False
        while not closing:
            self._in_flight.acquire()
            first = self._next or self._requests.get()
            self._next = None
            if first is None:
                return
            batch, closing = self._gather(first)
            self._calls.submit(self._embed, batch)

    def _gather(self, first: _Request) -> tuple[list[_Request], bool]:
        """The first request and those for the same embedder that already wait behind it, up to a full batch."""
        batch, count = [first], len(first[1])
        while count < BATCH_TEXTS:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                break
            if request is None:
                return batch, True
            if request[0] is not first[0]:
                self._next = request
                break
            batch.append(request)
            count += len(request[1])
        return batch, False

    def _embed(self, batch: Sequence[_Request]) -> None:
        texts = [text for _, request_texts, _ in batch for text in request_texts]
        try:
            vectors = batch[0][0].embed_passages(texts)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait, whatever it is
            for _, _, future in batch:
                future.set_exception(error)
        else:
            position = 0
            for _, request_texts, future in batch:
                future.set_result(vectors[position : position + len(request_texts)])
                position += len(request_texts)
        finally:
            self._in_flight.release()
