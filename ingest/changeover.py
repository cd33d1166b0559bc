"""The change to a wanted embedding model that has embedded everything: index, compare, switch.

Documents may come and go meanwhile. What came is embedded in the next round, and the switch itself looks once more, in
its own transaction, that nothing visible lacks a vector of the new model.
"""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import select

from ingest import parity
from ingest.parity import Parity
from retrieval import failpoints
from retrieval.embedders import Embedders
from retrieval.errors import Conflict, NotFound
from retrieval.generation_files import GenerationFiles
from retrieval.snapshot import Snapshot, Snapshots
from retrieval.store import generations, models, reembedding
from retrieval.store.database import Database
from retrieval.store.models import EmbeddingModel, Stage
from retrieval.store.schema import collections

_LOGGER = logging.getLogger(__name__)
# Two snapshots of one moment are compared; so often they are taken anew when something changed in between.
_TRIES = 20


class ChangeOver:
    """Takes a wanted model from its last vector to answering. `go_on` lets ingest pass, and says whether to go on."""

    def __init__(self, database: Database, files: GenerationFiles, embedders: Embedders) -> None:
        self._database = database
        self._files = files
        self._embedders = embedders
        self._passed: tuple[str, str] | None = None  # the model that was compared, and what was found

    def advance(self, wanted: EmbeddingModel, go_on: Callable[[], bool]) -> None:
        """Goes as far as it can get now. Raises `ModelUnavailable`."""
        if self._passed is None or self._passed[0] != wanted.model_id:
            self._index(wanted, go_on)
            failpoints.reached("reembed.indexed")
            if not self._compare(wanted, go_on):
                return
            failpoints.reached("reembed.compared")
        assert self._passed is not None
        found = self._passed[1]
        with self._database.write() as connection:
            if not reembedding.complete(connection, wanted.model_id):
                return
            switched = models.switch(connection, wanted.model_id, found)
            failpoints.reached("reembed.switched")
        failpoints.reached("reembed.committed")
        self._passed = None
        if switched:
            _LOGGER.info("'%s' answers now: %s.", wanted.name, found)

    def _index(self, wanted: EmbeddingModel, go_on: Callable[[], bool]) -> None:
        """Builds an index of every collection that has none of the wanted model."""
        names = self._collections()
        for done, name in enumerate(names):
            self._note(wanted, "index", done, len(names))
            with self._database.read() as connection:
                built = generations.newest(connection, name, wanted.model_id)
            if built is None and go_on():
                try:
                    self._files.build(self._database, name, wanted.model_id)
                except (NotFound, Conflict):
                    continue  # deleted meanwhile, or something new came: without an index, rows serve

    def _compare(self, wanted: EmbeddingModel, go_on: Callable[[], bool]) -> bool:
        """Whether every collection is served as well by the wanted model; where one is not, the change stops."""
        with self._database.read() as connection:
            active = models.active(connection)
        sides = [
            (Snapshots(self._database, self._files, model.model_id), self._embedders[model.model_id])
            for model in (active, wanted)
        ]
        found: list[Parity] = []
        names = self._collections()
        for done, name in enumerate(names):
            self._note(wanted, "check", done, len(names))
            if not go_on():
                return False
            pair = _of_one_moment([snapshots for snapshots, _ in sides], name)
            if pair is None:
                continue  # deleted meanwhile
            compared = parity.compare(self._database, (pair[0], sides[0][1]), (pair[1], sides[1][1]), name)
            if not compared.holds:
                self._refuse(wanted, name, compared)
                return False
            found.append(compared)
        self._passed = wanted.model_id, str(parity.total(found))
        return True

    def _refuse(self, wanted: EmbeddingModel, name: str, compared: Parity) -> None:
        with self._database.write() as connection:
            if not compared.counts_agree and not reembedding.complete(connection, wanted.model_id, name):
                return  # something new came that it has not embedded yet: the next round compares again
            problem = (
                f"'{wanted.name}' does not serve collection '{name}' as well as the model that answers: {compared}."
            )
            models.stop(connection, wanted.model_id, problem)
        _LOGGER.warning("%s", problem)

    def _note(self, wanted: EmbeddingModel, stage: Stage, done: int, total: int) -> None:
        with self._database.write() as connection:
            models.note(connection, wanted.model_id, stage, done, total)

    def _collections(self) -> Sequence[str]:
        with self._database.read() as connection:
            return connection.scalars(select(collections.c.name).order_by(collections.c.name)).all()


def _of_one_moment(readers: Sequence[Snapshots], name: str) -> Sequence[Snapshot] | None:
    """What each reader sees of the collection at the same change; None if the collection is gone.

    Raises `Conflict` where it changes too fast for that.
    """
    for _ in range(_TRIES):
        try:
            taken = [reader.latest(name) for reader in readers]
        except NotFound:
            return None
        if len({snapshot.change_number for snapshot in taken}) == 1:
            return taken
    raise Conflict(f"Collection '{name}' changes too fast to be compared; it is tried again.")
