"""The worker's thread that makes the token vectors of collections that ask for late interaction.

Every step looks in the database for chunks without any, so a killed worker's successor goes on where it was, a document
that comes is served like one that was there, and nothing waits for it: searches compare what there is. One worker of a
data folder does this, held by a file lock; ingest always goes first.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from ingest.file_lock import held
from ingest.precedence import may_go_on
from retrieval.errors import ModelUnavailable, StorageFull
from retrieval.store import changes, chunks, token_vectors
from retrieval.store.database import Database
from retrieval.token_encoding import TokenEncoder

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_PAUSE_SECONDS = 15.0
# Chunks encoded at a time: a crash loses at most these, and a document that arrives waits for no more.
STRIDE = 64
# Rows of one DELETE: others write in between.
_PURGED = 1_000


class TokenEncoding:
    """Gives every visible chunk of those collections its token vectors, and takes those nobody asks for."""

    def __init__(self, database: Database, encoder: Callable[[], TokenEncoder], lock: Path) -> None:
        """`encoder` gives the one whose vectors searches compare now."""
        self._database = database
        self._encoder = encoder
        self._lock = lock
        # The change, the model and the collections up to which nothing was left to do.
        self._complete: tuple[int, str, tuple[str, ...]] | None = None

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set; returns at the end of the step it is in."""
        with held(self._lock, stop) as mine:
            while mine and not stop.wait(_POLL_SECONDS):
                try:
                    self.advance(stop)
                except (StorageFull, ModelUnavailable) as reason:
                    _LOGGER.warning("Token vectors wait: %s", reason.detail)
                    stop.wait(_PAUSE_SECONDS)
                except Exception:  # the edge of the thread: it must outlive a busy database
                    _LOGGER.exception("Making token vectors was interrupted; it goes on in a moment.")

    def advance(self, stop: threading.Event) -> None:
        """Encodes all that is missing. Raises `ModelUnavailable`, `StorageFull`."""
        with self._database.read() as connection:
            names, number = token_vectors.wanting(connection), changes.newest(connection)
        encoder = self._encoder() if names else None
        state = (number, encoder.model_id if encoder is not None else "", tuple(names))
        if state == self._complete:
            return
        while may_go_on(self._database, stop):
            if not (encoder is not None and self._encode_stride(encoder)) and not self._purge():
                self._complete = state  # what the last steps changed themselves is looked at once more
                return

    def _encode_stride(self, encoder: TokenEncoder) -> bool:
        """Encodes the next chunks; False if there are none."""
        with self._database.read() as connection:
            found = token_vectors.missing(connection, encoder.model_id, STRIDE)
        if not found:
            return False
        vectors = encoder.passage_tokens([chunks.represented_by(item.headings, item.text) for item in found])
        codes = {item.key: encoder.codec.encode(own) for item, own in zip(found, vectors, strict=True)}
        with self._database.write() as connection:
            token_vectors.store(connection, encoder.model_id, found, codes)
        return True

    def _purge(self) -> bool:
        with self._database.write() as connection:
            return bool(token_vectors.purge(connection, _PURGED))
