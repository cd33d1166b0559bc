"""Logging of both processes: our own words at the chosen level, libraries only when something is wrong."""

import logging

from app.settings import Settings

_OURS = ("app", "retrieval", "generation", "ingest")


def configure_logging(settings: Settings) -> None:
    """Writes one line an event to standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _OURS:
        logging.getLogger(name).setLevel(settings.log_level)
