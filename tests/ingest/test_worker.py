"""What a worker does with one job: done, refused, retried, given up, dropped."""

import time
from pathlib import Path
from typing import Any

import pytest

from ingest import worker as worker_module
from ingest.worker import MAX_ATTEMPTS, Worker, WorkerSettings
from retrieval.errors import UnsupportedFile
from retrieval.store import revisions
from retrieval.store.documents import Document
from tests.fakes import Library


@pytest.fixture
def worker(library: Library, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # pauses between attempts
    nothing: Any = None
    settings = WorkerSettings("worker-1", library.database.url, Path("locks"), concurrency=1)
    return Worker(library.tools, nothing, nothing, settings)


def run(worker: Worker, library: Library, document: Document) -> Document:
    worker._ingest(document.id, document.revision_key)
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
        def parse(self, path: Path, media_type: str) -> Any:
            raise UnsupportedFile("Save it as DOCX.")

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
            revisions.begin_attempt(connection, document.revision_key)
        revisions.note_advance(connection, document.revision_key, "chunk", 0, 1)
    assert run(worker, library, document).status == "ready"


def test_suspects_run_one_at_a_time_and_others_beside_them(worker: Worker, library: Library) -> None:
    fresh, suspect = library.accept("Fresh text."), library.accept("Suspect text.")
    with library.database.write() as connection:
        revisions.begin_attempt(connection, suspect.revision_key)
    with worker._alone_if_suspect(suspect.id) as tools:
        assert tools.stride == worker_module._SUSPECT_STRIDE
        assert worker._suspects.locked()
        with worker._alone_if_suspect(fresh.id) as others:
            assert others is library.tools


def test_a_job_of_a_replaced_revision_leaves_the_work_to_its_successor(worker: Worker, library: Library) -> None:
    document = library.add("Old text.")
    library.replace(document.id, "New text.")
    assert run(worker, library, document).revision_number == 2
    assert library.parser.parsed == 2


def test_a_job_of_a_deleted_document_ends_quietly(worker: Worker, library: Library) -> None:
    document = library.accept("Some text.")
    library.remove(document.id)
    worker._ingest(document.id, document.revision_key)
