"""Processes killed with -9 while they work: nothing acknowledged is lost, doubled, stuck or half visible."""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import func, select

from app.fresh_service import wait_for_start
from retrieval.errors import ScholiastError
from retrieval.store.database import Database
from retrieval.store.schema import chunks, documents, revisions
from tests.reliability.processes import Processes, texts

pytestmark = pytest.mark.models


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    built = Processes(tmp_path)
    yield built
    built.stop()


@pytest.mark.parametrize(
    ("kills", "count"), [(2, 12), pytest.param(20, 60, marks=pytest.mark.slow)], ids=["2 kills", "20 kills"]
)
def test_a_worker_killed_at_random_moments_loses_doubles_and_strands_nothing(
    processes: Processes, kills: int, count: int
) -> None:
    generator = random.Random(kills)
    accepted = processes.client.upload_texts(texts(count, 12, seed=1), "kills")
    ids = [document["id"] for document in accepted]
    for _ in range(kills):
        worker = processes.start_worker()
        time.sleep(generator.uniform(4.0, 14.0))
        worker.kill()
        worker.wait()
    processes.start_worker()
    wait_until_finished(processes, ids, seconds=300)
    found = [processes.client.document(document_id) for document_id in ids]
    assert Counter(document["status"] for document in found) == {"ready": count}
    assert all(document["searchable"] for document in found)
    assert processes.examine() == []
    assert doubled_chunks(processes) == 0


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.slow)], ids=["1 kill", "5 kills"])
def test_an_api_killed_under_load_loses_no_acknowledged_upload_and_is_back_soon(
    processes: Processes, kills: int
) -> None:
    processes.start_worker()
    acknowledged: list[str] = []
    stop = threading.Event()
    seconds = []

    def load(seed: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                (document,) = processes.client.upload_texts(texts(1, 1, seed=1000 * seed + number), "load")
                acknowledged.append(document["id"])
                processes.client.search("part of a document", "load", 3)
            except (ScholiastError, httpx2.TransportError):
                pass
            time.sleep(0.3)  # without it a slow machine has minutes of embedding before it when the kills are over

    threads = [threading.Thread(target=load, args=(seed,)) for seed in range(1, 4)]
    for thread in threads:
        thread.start()
    for number in range(kills):
        time.sleep(2.0 + number / 3)
        processes.api.kill()
        processes.api.wait()
        started = time.monotonic()
        processes.start_api()
        seconds.append(time.monotonic() - started)
    stop.set()
    for thread in threads:
        thread.join()
    wait_until_finished(processes, acknowledged, seconds=300)
    assert len(acknowledged) > kills
    assert all(processes.client.document(document_id)["status"] == "ready" for document_id in acknowledged)
    assert processes.examine() == []
    print(f"{len(acknowledged)} acknowledged; ready again after {[round(value, 1) for value in seconds]} s")


@pytest.mark.slow
def test_a_second_worker_of_the_same_name_refuses_to_start(processes: Processes) -> None:
    processes.start_worker()
    time.sleep(12)
    second = subprocess.run(
        [*processes.worker.args],  # type: ignore[union-attr, misc]
        env=processes.environment,
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert second.returncode == 1
    assert b"is running already" in second.stderr


@pytest.mark.slow
def test_jobs_of_a_worker_that_never_comes_back_are_taken_over(processes: Processes) -> None:
    accepted = processes.client.upload_texts(texts(30, 12, seed=3), "over")
    first = processes.start_worker("gone")
    while not any(document["status"] == "processing" for document in processes.client.documents("over")):
        time.sleep(0.2)
    first.kill()
    first.wait()
    processes.start_worker("other")
    wait_until_finished(processes, [document["id"] for document in accepted], seconds=200)
    assert processes.examine() == []


def wait_until_finished(processes: Processes, ids: list[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    wait_for_start(processes.client, processes.api)
    waiting = list(ids)
    while waiting:
        assert time.monotonic() < deadline, f"{len(waiting)} documents are stuck"
        waiting = [
            document_id
            for document_id in waiting
            if processes.client.document(document_id)["status"] not in ("ready", "failed")
        ]
        time.sleep(0.5)


def doubled_chunks(processes: Processes) -> int:
    database = Database(f"sqlite:///{processes.folder / 'scholiast.db'}")
    with database.read() as connection:
        twice = connection.execute(
            select(chunks.c.revision_key, chunks.c.start)
            .group_by(chunks.c.revision_key, chunks.c.start)
            .having(func.count() > 1)
        ).all()
        extra = connection.scalar(select(func.count()).select_from(revisions)) or 0
        count = connection.scalar(select(func.count()).select_from(documents)) or 0
    database.close()
    return len(twice) + extra - count
