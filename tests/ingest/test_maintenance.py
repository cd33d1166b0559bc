"""When a worker builds an index again: soon for a small collection, later for one whose index takes long to build."""

import pytest

from ingest.maintenance import PROMPT_UP_TO_CHUNKS, Maintenance
from retrieval.store import changes, generations
from retrieval.store.generations import Generation
from tests.fakes import HashEmbedder, Library, RecordingJobs


@pytest.fixture
def maintenance(library: Library, monkeypatch: pytest.MonkeyPatch) -> Maintenance:
    monkeypatch.setattr("ingest.maintenance.CHANGES_BEFORE_BUILD", 2)
    monkeypatch.setattr("ingest.maintenance.QUIET_SECONDS", 3600.0)  # only the number of changes decides
    return Maintenance(library.database, library.blobs, library.files, RecordingJobs())  # type: ignore[arg-type]


def say_it_holds(library: Library, chunks: int) -> None:
    """Puts a generation on record as if it held so many chunks."""
    with library.database.write() as connection:
        number = changes.latest(connection, "default")
        generations.publish(
            connection, Generation(0, "default", f"of-{chunks}", number, chunks, HashEmbedder.model_id, 0.0)
        )


def held(library: Library) -> int:
    with library.database.read() as connection:
        found = generations.newest(connection, "default", HashEmbedder.model_id)
    return found.chunk_count if found is not None else 0


@pytest.mark.parametrize(("chunks", "built"), [(PROMPT_UP_TO_CHUNKS, True), (2 * PROMPT_UP_TO_CHUNKS, False)])
def test_a_larger_index_waits_for_more_changes(
    library: Library, maintenance: Maintenance, chunks: int, built: bool
) -> None:
    library.add("Goats eat grass.")
    say_it_holds(library, chunks)
    for number in range(2):
        library.add(f"Note {number}.")
    maintenance._build()
    assert held(library) == (3 if built else chunks)


def test_it_is_built_again_once_there_are_enough(library: Library, maintenance: Maintenance) -> None:
    library.add("Goats eat grass.")
    say_it_holds(library, 2 * PROMPT_UP_TO_CHUNKS)
    for number in range(4):
        library.add(f"Note {number}.")
    maintenance._build()
    assert held(library) == 5


def test_freed_memory_is_given_back_between_jobs(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    returned: list[bool] = []
    monkeypatch.setattr("ingest.maintenance.return_free_blocks", lambda: returned.append(True))
    Maintenance(library.database, library.blobs, library.files, RecordingJobs()).tick("worker-1")  # type: ignore[arg-type]
    assert returned
