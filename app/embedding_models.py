"""Which embedding models the processes load, and the beginning of a change to another one.

The database's active model wins over the setting, which only chooses for a new data folder: changing the setting must
not make a full data folder useless.
"""

import logging
import re
from pathlib import Path

from sqlalchemy import Connection

from app.language_fit import foreign_documents
from app.models.catalogue import CATALOGUE
from app.settings import Settings
from retrieval.embedders import Embedders
from retrieval.embedding import SentenceEmbedder
from retrieval.errors import Conflict, InvalidRequest, ModelUnavailable
from retrieval.store import models
from retrieval.store.database import Database
from retrieval.store.models import EmbeddingModel

_LOGGER = logging.getLogger(__name__)
_NAME = re.compile(r"\w[\w.\-]*")


def open_embedders(settings: Settings, database: Database) -> Embedders:
    """The embedding models of the data folder, the active one loaded; a new folder takes the setting's.

    Raises `ModelUnavailable` if that one is missing or not what made the stored vectors.
    """
    embedders = Embedders(database, lambda name: load_embedder(settings, name))
    with database.read() as connection:
        active = models.having(connection, "active")
    if active is None:
        chosen = embedders.named(settings.embedding_model)
        with database.write() as connection:
            active = models.settle(connection, chosen.model_id, settings.embedding_model)
    _ = embedders[active.model_id]
    if note := ignored_setting(settings, active):
        _LOGGER.warning("%s", note)
    return embedders


def load_embedder(settings: Settings, name: str) -> SentenceEmbedder:
    """The model of that name, from where the setting says if it is the one that the setting names."""
    configured = settings.embedding_model
    named_by_setting = Path(configured).name == Path(name).name
    return SentenceEmbedder(settings.model_folder(configured if named_by_setting else name), settings.threads)


def ignored_setting(settings: Settings, active: EmbeddingModel) -> str | None:
    """What to say if somebody set another model than the one that answers; None if nobody did."""
    wanted = Path(settings.embedding_model).name
    if "embedding_model" not in settings.model_fields_set or wanted == Path(active.name).name:
        return None
    return (
        f"SCHOLIAST_EMBEDDING_MODEL names {wanted}, but the documents are embedded with {active.name}, which goes on "
        f"answering. To change: scholiast reembed {wanted}"
    )


def begin_change(settings: Settings, database: Database, embedders: Embedders, name: str, *, force: bool) -> None:
    """Has the workers embed everything with another model; the active one answers until that is done.

    Raises `InvalidRequest` for what cannot be a model's name and for one that is not installed, `Conflict` while
    another change is under way, and for a model that does not know the documents' language unless forced.
    """
    if name != settings.embedding_model and not _NAME.fullmatch(name):
        raise InvalidRequest(
            "Name a folder under the models folder; a path can only be what SCHOLIAST_EMBEDDING_MODEL says.",
            field="model",
        )
    try:
        embedder = embedders.named(name)
    except ModelUnavailable as missing:
        raise InvalidRequest(missing.detail, field="model") from missing
    if not force:
        with database.read() as connection:
            _require_fit(connection, name)
    with database.write() as connection:
        models.want(connection, embedder.model_id, name)


def _require_fit(connection: Connection, name: str) -> None:
    model = CATALOGUE.get(Path(name).name)
    if model is None or not model.english_only:
        return
    if foreign := foreign_documents(connection):
        named = ", ".join(f"{count} of collection '{collection}'" for collection, count in sorted(foreign.items()))
        raise Conflict(
            f"{model.name} knows English only, and documents are written in another script: {named}. It would find "
            "little in them (Chinese passages: nDCG@10 0.23, where multilingual-e5-small has 0.96). "
            "Choose another model, or say --force."
        )
