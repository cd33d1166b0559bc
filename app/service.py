"""The API process's state: storage at once, engines as soon as the models are loaded."""

import logging
import threading
from collections.abc import Sequence

from app.metrics import Metrics
from app.passing_thread import in_passing_thread
from app.settings import Settings
from app.sources import open_sources
from app.wiring import Engines, Loader, Storage
from retrieval.embedders import Embedders
from retrieval.errors import ModelUnavailable, Overloaded
from retrieval.impression_log import ImpressionLog
from retrieval.memory import return_free_blocks
from retrieval.types import Embedder

_LOGGER = logging.getLogger(__name__)
_FOLLOW_SECONDS = 1.0
# While models load nothing can interrupt it; the process ends without waiting for that.
_STOP_PATIENCE_SECONDS = 5.0


class Service:
    """Storage and, once loaded, engines. Documents can be uploaded and listed while the models still load."""

    def __init__(self, settings: Settings, storage: Storage, load: Loader, metrics: Metrics) -> None:
        self.settings = settings
        self.storage = storage
        self.metrics = metrics
        self.impressions = ImpressionLog(storage.database, settings.kept_impressions)
        self.sources = open_sources(storage.database, storage.graphs, self._active_embedder)
        self._load = load
        self._engines: Engines | None = None
        self._failure: ModelUnavailable | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begins to load the engines, in the background, and follows changes of the embedding model from then on."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="engines", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends that."""
        self._stopped.set()
        self._thread.join(_STOP_PATIENCE_SECONDS)
        self.impressions.close()

    def _active_embedder(self) -> Embedder:
        return self.engines.embedders.active()

    @property
    def engines(self) -> Engines:
        """The engines; raises `Overloaded` while they load and `ModelUnavailable` if they cannot be."""
        if self._failure is not None:
            raise self._failure
        if self._engines is None:
            raise Overloaded("The models are still loading; try again in a few seconds.", retry_after=5)
        return self._engines

    @property
    def missing(self) -> Sequence[str]:
        """What keeps the service from answering; empty when it is ready."""
        try:
            return self.engines.missing()
        except (Overloaded, ModelUnavailable) as reason:
            return [reason.detail]

    def _run(self) -> None:
        try:
            engines = in_passing_thread(lambda: self._load(self.settings, self.storage, self.sources))
            self.metrics.show_models("embedder", engines.embedders.loaded)
            self.metrics.show_models("generator", [engines.generator.name])
            return_free_blocks()  # weights were read and packed: what that took is not needed again
            self._engines = engines
        except ModelUnavailable as failure:
            self._failure = failure
            _LOGGER.error("%s", failure.detail)  # noqa: TRY400 - the reason is the message, the stack says nothing
        except Exception:  # a thread's edge; without this the service would say "still loading" for ever
            self._failure = ModelUnavailable("A model could not be loaded; the log has the reason.")
            _LOGGER.exception("The models could not be loaded.")
        else:
            self._follow(engines.embedders)

    def _follow(self, embedders: Embedders) -> None:
        """Has a model loaded before it begins to answer, so that no search waits for it."""
        while not self._stopped.wait(_FOLLOW_SECONDS):
            try:
                in_passing_thread(embedders.follow)
            except Exception:  # a thread's edge: a busy database must not end it
                _LOGGER.exception("The embedding models could not be followed; it is tried again.")
            self.metrics.show_models("embedder", embedders.loaded)
