"""A language model that is in memory only while it is needed: loaded when asked for, let go of after an idle while."""

import gc
import time
from collections.abc import Callable

from retrieval.types import CompletionModel

IDLE_SECONDS = 300.0


class ModelOnDemand:
    """For one thread: the one that enriches loads, uses and releases the model."""

    def __init__(
        self,
        load: Callable[[], CompletionModel],
        languages: frozenset[str],
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`languages` are those that the model writes, as ISO 639-1."""
        self.languages = languages
        self._load = load
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._model: CompletionModel | None = None
        self._used = 0.0

    def get(self) -> CompletionModel:
        """The model; the first call takes seconds. Raises `ModelUnavailable`."""
        if self._model is None:
            self._model = self._load()
        self._used = self._clock()
        return self._model

    def release_if_idle(self) -> None:
        """Lets go of a model that nobody has asked for in a while."""
        if self._model is not None and self._clock() - self._used > self._idle_seconds:
            self._model = None
            gc.collect()  # its modules refer to each other, and hold hundreds of megabytes
