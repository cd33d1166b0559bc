"""The cross-encoder that the settings name, loaded when a search first asks for it."""

from functools import cache

from app.settings import Settings
from retrieval.cross_encoder import CrossEncoder
from retrieval.last_looks import TimedScorer


def open_last_look(settings: Settings) -> TimedScorer | None:
    """The model and its time; None where none is named."""
    name = settings.cross_encoder_model
    if name is None:
        return None
    return TimedScorer(cache(lambda: CrossEncoder(settings.model_folder(name))), settings.cross_encoder_milliseconds)
