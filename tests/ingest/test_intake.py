"""Accepting documents: blob, row and job together or not at all."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from ingest.intake import Intake, Submission
from retrieval.errors import Conflict
from retrieval.store import documents
from retrieval.store.documents import Document
from tests.fakes import Library, RecordingJobs


class BrokenJobs:
    """A queue that cannot take jobs."""

    def submit(self, connection: Connection, document: Document) -> None:
        raise ConnectionError


def test_a_new_document_is_queued_and_a_known_one_is_not_queued_again(library: Library) -> None:
    jobs = RecordingJobs()
    intake = Intake(library.database, jobs)
    (document,) = intake.add("default", [Submission(library.store("Text."), {})])
    intake.add("default", [Submission(library.store("Text."), {})])
    assert jobs.submitted == [document.job_id]


def test_without_a_job_there_is_no_document(library: Library) -> None:
    with pytest.raises(ConnectionError):
        Intake(library.database, BrokenJobs()).add("default", [Submission(library.store("Text."), {})])
    with library.database.read() as connection:
        assert documents.list_page(connection, None, None, 10, None) == []


def test_a_hundred_uploads_of_the_same_bytes_at_once_are_one_document(library: Library) -> None:
    jobs = RecordingJobs()
    intake = Intake(library.database, jobs)
    source = library.store("The same bytes.")
    with ThreadPoolExecutor(20) as threads:
        found = list(threads.map(lambda _: intake.add("default", [Submission(source, {})])[0].id, range(100)))
    assert len(set(found)) == 1
    assert len(jobs.submitted) == 1


def test_the_same_key_gives_the_first_answer_again(library: Library) -> None:
    intake = Intake(library.database, RecordingJobs())
    request = [Submission(library.store("Text."), {"a": 1})]
    first = intake.add("default", request, "key-1")
    assert [document.id for document in intake.add("default", request, "key-1")] == [first[0].id]


def test_the_same_key_for_something_else_is_a_conflict(library: Library) -> None:
    intake = Intake(library.database, RecordingJobs())
    intake.add("default", [Submission(library.store("Text."), {})], "key-1")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        intake.add("default", [Submission(library.store("Other."), {})], "key-1")


def test_a_replacement_is_queued_under_a_job_of_its_own(library: Library) -> None:
    jobs = RecordingJobs()
    intake = Intake(library.database, jobs)
    (document,) = intake.add("default", [Submission(library.store("Old."), {})])
    replaced = intake.replace(document.id, library.store("New."))
    assert jobs.submitted == [document.job_id, replaced.job_id]
    assert replaced.job_id != document.job_id
