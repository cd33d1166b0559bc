"""Rows of documents: identity by content, revisions, deletion that leaves nothing."""

import pytest
from sqlalchemy import func, select

from retrieval.errors import Conflict, NotFound
from retrieval.store import changes, documents, revisions
from retrieval.store.schema import metadata as schema
from tests.fakes import Library


def test_the_same_content_again_is_the_same_document(library: Library) -> None:
    first = library.accept("One text.", name="a.txt")
    assert library.accept("One text.", name="b.txt").id == first.id
    assert library.accept("One text.", collection="other").id != first.id


def test_a_failed_document_gets_a_second_try_with_a_job_of_its_own(library: Library) -> None:
    first = library.accept("One text.")
    with library.database.write() as connection:
        revisions.fail(connection, first.revision_key, "damaged", "The file is damaged.")
    again = library.accept("One text.")
    assert again.id == first.id
    assert again.status == "queued"
    assert again.job_id != first.job_id


def test_new_content_is_a_new_revision_and_the_old_one_stays_visible_until_it_is_ready(library: Library) -> None:
    document = library.add("Old text.")
    with library.database.write() as connection:
        replaced, changed = documents.replace(connection, document.id, library.store("New text."))
    assert changed
    assert replaced.revision_number == 2
    assert replaced.active_revision == document.active_revision


def test_the_same_content_as_a_replacement_changes_nothing(library: Library) -> None:
    document = library.add("Old text.")
    with library.database.write() as connection:
        assert documents.replace(connection, document.id, library.store("Old text.")) == (document, False)


def test_content_of_another_document_is_a_conflict(library: Library) -> None:
    library.add("First.")
    second = library.add("Second.")
    with library.database.write() as connection, pytest.raises(Conflict):
        documents.replace(connection, second.id, library.store("First."))


def test_deleting_leaves_no_row_that_came_from_the_document(library: Library) -> None:
    library.add("Only text, in two parts.\n\nThe other part.", year=2020, tags=["a", "b"])
    before = rows(library)
    document = library.add("Another text.\n\nWith parts.", author="Nobody")
    assert rows(library) != before
    library.remove(document.id)
    assert {name: count for name, count in rows(library).items() if name != "changes"} == {
        name: count for name, count in before.items() if name != "changes"
    }
    with pytest.raises(NotFound):
        library.get(document.id)


def test_every_change_of_what_is_visible_is_logged(library: Library) -> None:
    document = library.add("Old text.")
    library.replace(document.id, "New text.")
    library.remove(document.id)
    with library.database.read() as connection:
        kinds = [change.kind for change in changes.since(connection, "default", 0)]
    assert kinds == ["added", "removed", "added", "removed"]


def test_pages_of_a_list_hold_every_document_once(library: Library) -> None:
    ids = [library.accept(f"Text {number}.").id for number in range(7)]
    listed: list[str] = []
    before = None
    with library.database.read() as connection:
        while page := documents.list_page(connection, "default", None, 3, before):
            listed += [document.id for document in page]
            before = page[-1].key
    assert listed == ids[::-1]


def test_a_list_can_be_narrowed_by_status(library: Library) -> None:
    library.accept("Waiting.")
    ready = library.add("Done.")
    with library.database.read() as connection:
        assert [item.id for item in documents.list_page(connection, None, "ready", 10, None)] == [ready.id]
        assert documents.status_counts(connection) == {"queued": 1, "ready": 1}


def rows(library: Library) -> dict[str, int]:
    with library.database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in schema.sorted_tables
        }
