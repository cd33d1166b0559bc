"""Whose jobs may be taken over."""

import time

from sqlalchemy import update

from ingest import recovery
from retrieval.store.schema import workers
from tests.fakes import Library


def test_a_worker_whose_heartbeat_is_late_does_not_take_over_its_own_jobs(library: Library) -> None:
    for name in ("busy", "gone", "well"):
        recovery.beat(library.database, name, 1)
    with library.database.write() as connection:
        late = update(workers).where(workers.c.executor_id != "well")
        connection.execute(late.values(heartbeat_at=time.time() - 2 * recovery.DEAD_AFTER_SECONDS))
    assert recovery.not_dead(library.database, "busy") == {"busy", "well"}
    assert recovery.not_dead(library.database, "well") == {"well"}
