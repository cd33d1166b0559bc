"""The loaded embedding models, by model id: those the database names, each loaded once.

While the model is being changed there are two of them, and a search takes the one that made the vectors it searches.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from retrieval.errors import ModelUnavailable
from retrieval.store import models
from retrieval.store.database import Database
from retrieval.store.models import EmbeddingModel
from retrieval.types import Embedder

_LOGGER = logging.getLogger(__name__)


class Embedders:
    """Loads models on first use, or ahead of it by `follow`; `load` takes a model's name."""

    def __init__(self, database: Database, load: Callable[[str], Embedder]) -> None:
        self._database = database
        self._load = load
        self._loaded: dict[str, Embedder] = {}
        self._loading = threading.Lock()
        self._unneeded: frozenset[str] = frozenset()
        self._failed: frozenset[str] = frozenset()

    def __getitem__(self, model_id: str) -> Embedder:
        """The embedder with this id; raises `ModelUnavailable` if it is not installed or another by now."""
        found = self._loaded.get(model_id)
        if found is not None:
            return found
        with self._database.read() as connection:
            named = {model.model_id: model for model in models.listed(connection)}
        if model_id not in named:
            raise ModelUnavailable(f"The embedding model '{model_id}' is not in use any more.")
        return self._add(named[model_id])

    def named(self, name: str) -> Embedder:
        """The embedder of that name, whether the database knows it or not; raises `ModelUnavailable`."""
        with self._loading:
            embedder = self._load(name)
            return self._loaded.setdefault(embedder.model_id, embedder)

    def active(self) -> Embedder:
        """The embedder of the model that answers now; raises `ModelUnavailable`."""
        with self._database.read() as connection:
            model = models.active(connection)
        return self[model.model_id]

    @property
    def loaded(self) -> Sequence[str]:
        """The ids of the loaded models."""
        return sorted(self._loaded)

    def follow(self) -> None:
        """Loads what the database names, and lets go of what it has not named for two calls.

        Two, because a search may have begun with a model just before it went.
        """
        with self._database.read() as connection:
            found = models.listed(connection)
        named = frozenset(model.model_id for model in found)
        for model_id in self._unneeded - named:
            self._loaded.pop(model_id, None)
        self._unneeded = frozenset(self._loaded) - named
        failed = {model.model_id for model in found if model.model_id not in self._loaded and not self._loads(model)}
        self._failed = frozenset(failed)

    def _loads(self, model: EmbeddingModel) -> bool:
        try:
            self._add(model)
        except ModelUnavailable as failure:
            if model.model_id not in self._failed:  # said once, not every second
                _LOGGER.error("%s", failure.detail)  # noqa: TRY400 - the reason is the message
            return False
        return True

    def _add(self, model: EmbeddingModel) -> Embedder:
        with self._loading:
            if model.model_id in self._loaded:  # another thread was faster
                return self._loaded[model.model_id]
            embedder = self._load(model.name)
            if embedder.model_id != model.model_id:
                raise ModelUnavailable(
                    f"The documents were embedded with '{model.model_id}', but the folder of '{model.name}' holds "
                    f"'{embedder.model_id}' now. Bring the earlier files back under that name, and the new ones under "
                    "another, or use another data folder."
                )
            self._loaded[model.model_id] = embedder
            return embedder
