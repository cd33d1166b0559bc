"""What makes token vectors: the ColBERT model that the settings name, or the embedding model itself."""

import threading
from collections.abc import Callable

from app.settings import Settings
from retrieval.colbert import ColbertEncoder
from retrieval.embedders import Embedders
from retrieval.token_encoding import EmbedderTokens, TokenEncoder


def open_token_encoders(settings: Settings, embedders: Embedders) -> Callable[[str], TokenEncoder]:
    """The encoder for searches by an embedding model of an id; loaded when one is asked for, which may take seconds.

    It raises `ModelUnavailable` for a folder that cannot be used.
    """
    loaded: dict[str, TokenEncoder] = {}
    loading = threading.Lock()

    def encoder(model_id: str) -> TokenEncoder:
        name = settings.late_interaction_model
        key = name or model_id
        with loading:
            if key not in loaded:
                loaded[key] = ColbertEncoder(settings.model_folder(name)) if name else EmbedderTokens(embedders[key])
            return loaded[key]

    return encoder
