"""Versions of rankers: all kept, at most one active, and a way back at any time."""

import pytest

from retrieval.errors import Conflict, NotFound
from retrieval.store import changes, collections, ranker_versions
from retrieval.store.ranker_versions import SHIPPED, NewVersion
from tests.fakes import Library


def add(library: Library, *, accepted: bool = True) -> int:
    with library.database.write() as connection:
        new = NewVersion("feedback", "hash", "trees", {"reason": "x"}, accepted)
        return ranker_versions.add(connection, "default", new).number


def active(library: Library) -> int:
    with library.database.read() as connection:
        found = ranker_versions.active(connection, "default")
    return found.number if found is not None else SHIPPED


def back(library: Library, number: int | None = None) -> int:
    with library.database.write() as connection:
        return ranker_versions.roll_back(connection, "default", number)


def test_an_accepted_version_answers_and_a_refused_one_is_only_kept(library: Library) -> None:
    library.add("Kettles.")
    assert active(library) == SHIPPED
    assert add(library) == 1
    assert add(library, accepted=False) == 2
    assert active(library) == 1
    with library.database.read() as connection:
        assert [version.number for version in ranker_versions.listed(connection, "default")] == [1, 2]


def test_rolling_back_goes_through_all_predecessors_to_the_one_that_ships(library: Library) -> None:
    library.add("Kettles.")
    add(library)
    add(library)
    assert [back(library), back(library)] == [1, SHIPPED]
    with pytest.raises(Conflict, match="none before it"):
        back(library)
    assert back(library, 2) == 2
    assert active(library) == 2


def test_a_refused_or_unknown_version_never_answers(library: Library) -> None:
    library.add("Kettles.")
    add(library, accepted=False)
    with pytest.raises(Conflict, match="was refused"):
        back(library, 1)
    with pytest.raises(NotFound):
        back(library, 7)
    with library.database.write() as connection, pytest.raises(NotFound):
        ranker_versions.roll_back(connection, "nowhere")


def test_every_change_of_the_ranker_is_logged_for_the_readers(library: Library) -> None:
    library.add("Kettles.")
    numbers = []
    for step in (lambda: add(library), lambda: back(library)):
        step()
        with library.database.read() as connection:
            numbers.append(changes.latest(connection, "default"))
    assert numbers[0] < numbers[1]


def test_a_collection_of_the_same_name_begins_with_the_ranker_that_ships(library: Library) -> None:
    document = library.add("Kettles.")
    add(library)
    snapshots = library.snapshots()
    assert snapshots.latest("default").ranker_version is not None
    library.remove(document.id)
    assert snapshots.latest("default").ranker_version is not None
    with library.database.write() as connection:
        collections.remove(connection, "default")
        collections.ensure(connection, "default")
    assert snapshots.latest("default").ranker_version is None
