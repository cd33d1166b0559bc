"""The reader that the settings name, beside the weights of the embedder where those are loaded, and its quotes."""

import hashlib
import logging

from app.settings import Settings
from generation.answer import Quoter
from generation.quote_choice import QuoteChooser
from generation.quoting import best_quote
from generation.reader import EMBEDDER, Reader
from generation.reader_weights import SHIPPED
from retrieval.embedding import SentenceEmbedder
from retrieval.errors import ModelUnavailable
from retrieval.types import Embedder

_LOGGER = logging.getLogger(__name__)


def open_reader(settings: Settings, embedder: Embedder) -> Reader | None:
    """The reader; None where the settings want none, or the model that it belongs to is not installed.

    Raises `ModelUnavailable` if a file that the settings name cannot be used.
    """
    if not settings.reader:
        return None
    folder = settings.model_folder(EMBEDDER)
    named_alike = embedder.model_id.partition("@")[0] == folder.name
    weights = settings.reader_weights or SHIPPED
    try:
        if named_alike and isinstance(embedder, SentenceEmbedder):
            return Reader(folder, settings.threads, embedder.encoder, weights, embedder.encode)
        return Reader(folder, settings.threads, weights=weights)
    except ModelUnavailable as failure:
        if settings.reader_weights is not None:
            raise
        _LOGGER.warning("Answers go without the reader. %s", failure.detail)
        return None


def open_quoter(settings: Settings, embedder: Embedder) -> Quoter:
    """What chooses quotes: the reader's findings, weighed; without one the embedder alone.

    Raises `ModelUnavailable` as `open_reader` does.
    """
    reader = open_reader(settings, embedder)
    return best_quote if reader is None else QuoteChooser(reader).quote


def reader_name(settings: Settings) -> str:
    """Which reader answers, by its file's digest: figures of two files must not pass for one another's."""
    path = settings.reader_weights or SHIPPED
    if not settings.reader or not path.is_file():
        return "none"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
