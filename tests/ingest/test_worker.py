"""What a worker does with one job: done, refused, retried, given up, dropped."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest import worker as worker_module
from ingest.worker import MAX_ATTEMPTS, Worker, WorkerSettings
from retrieval.errors import StorageFull, UnsupportedFile
from retrieval.store import revisions
from retrieval.store.documents import Document
from retrieval.store.revisions import Progress
from tests.fakes import Library


@pytest.fixture
def worker(library: Library, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # pauses between attempts
    nothing: Any = None
    settings = WorkerSettings("worker-1", library.database.url, Path("locks"), concurrency=1)
    return Worker(library.database, lambda: library.tools, nothing, nothing, nothing, settings)


def run(worker: Worker, library: Library, document: Document) -> Document:
    worker._ingest([(document.id, document.revision_key)])
    return library.get(document.id)


def test_a_job_ends_with_a_ready_document_and_no_attempts_on_its_record(worker: Worker, library: Library) -> None:
    done = run(worker, library, library.accept("Some text."))
    assert (done.status, done.attempts) == ("ready", 0)


def test_a_refused_file_is_failed_at_once_with_its_reason(worker: Worker, library: Library) -> None:
    done = run(worker, library, library.accept("REJECT this."))
    assert (done.status, done.error_code, done.error_detail) == ("failed", "damaged", "The file is damaged.")
    assert library.parser.parsed == 1


def test_an_unsupported_file_is_failed_at_once(worker: Worker, library: Library) -> None:
    class Refusing:
        version = "refusing"

        def parse_all(self, files: Sequence[Any]) -> Any:
            return [UnsupportedFile("Save it as DOCX.") for _ in files]

    object.__setattr__(library.tools, "parser", Refusing())
    done = run(worker, library, library.accept("Some text."))
    assert (done.status, done.error_code, done.error_detail) == ("failed", "unsupported_file", "Save it as DOCX.")


def test_a_file_that_stops_every_attempt_is_given_up_after_three(worker: Worker, library: Library) -> None:
    done = run(worker, library, library.accept("CRASH this."))
    assert (done.status, done.error_code) == ("failed", "gave_up")
    assert library.parser.parsed == MAX_ATTEMPTS


def test_an_attempt_that_gets_somewhere_clears_the_record(worker: Worker, library: Library) -> None:
    document = library.accept("Some text.")
    with library.database.write() as connection:
        for _ in range(MAX_ATTEMPTS):
            revisions.begin_attempts(connection, [document.revision_key])
        revisions.note_advance(connection, "chunk", {document.revision_key: Progress(0, 1)})
    assert run(worker, library, document).status == "ready"


def test_one_poisonous_document_of_a_job_is_given_up_and_the_others_are_ready(worker: Worker, library: Library) -> None:
    documents = [library.accept(text) for text in ("First text.", "CRASH this.", "Second text.")]
    worker._ingest([(document.id, document.revision_key) for document in documents])
    assert [library.get(document.id).status for document in documents] == ["ready", "failed", "ready"]


def test_suspects_run_one_at_a_time_in_small_steps_and_others_beside_them(worker: Worker, library: Library) -> None:
    fresh, suspect = library.accept("Fresh text."), library.accept("\n\n".join(["Suspect text. " * 90] * 20))
    with library.database.write() as connection:
        revisions.begin_attempts(connection, [suspect.revision_key])
    steps: dict[str, list[int]] = {"Fresh": [], "Suspect": []}

    def embed(passages: Sequence[str]) -> NDArray[np.float32]:
        kind = passages[0].split()[0]
        steps[kind].append(len(passages))
        assert worker._suspects.taken == (kind == "Suspect")
        return library.embedder.embed_passages(passages)

    object.__setattr__(library.tools, "embed", embed)
    worker._ingest([(document.id, document.revision_key) for document in (suspect, fresh)])
    assert [library.get(document.id).status for document in (fresh, suspect)] == ["ready", "ready"]
    assert steps["Fresh"] == [1]
    assert max(steps["Suspect"]) <= worker_module._SUSPECT_STRIDE


def test_a_full_disk_costs_no_attempts(worker: Worker, library: Library) -> None:
    failures = iter([StorageFull("The disk is full.")] * (2 * MAX_ATTEMPTS))

    def embed(passages: Sequence[str]) -> NDArray[np.float32]:
        if failure := next(failures, None):
            raise failure
        return library.embedder.embed_passages(passages)

    object.__setattr__(library.tools, "embed", embed)
    assert run(worker, library, library.accept("Some text.")).status == "ready"


def test_a_job_of_a_replaced_revision_leaves_the_work_to_its_successor(worker: Worker, library: Library) -> None:
    document = library.add("Old text.")
    library.replace(document.id, "New text.")
    assert run(worker, library, document).revision_number == 2
    assert library.parser.parsed == 2


def test_a_job_of_a_deleted_document_ends_quietly(worker: Worker, library: Library) -> None:
    document = library.accept("Some text.")
    library.remove(document.id)
    worker._ingest([(document.id, document.revision_key)])
