"""Snapshots: generations plus fresh segments minus removals always equal what the database holds."""

import random

from retrieval import snapshot as snapshot_module
from retrieval.snapshot import Snapshots
from retrieval.store import models
from retrieval.types import SearchRequest
from tests.fakes import Library


def visible(snapshots: Snapshots, collection: str = "default") -> list[int]:
    latest = snapshots.latest(collection)
    return sorted(
        key
        for segment, mask in zip(latest.segments, latest.alive, strict=True)
        for key in segment.chunk_keys[mask].tolist()
    )


def test_any_order_of_changes_builds_and_restarts_leaves_what_the_database_holds(library: Library) -> None:
    generator = random.Random(7)
    follower = library.snapshots()
    alive: list[str] = []
    library.add("The first note.")
    for step in range(60):
        action = generator.choice(["add", "add", "add", "remove", "replace", "build", "look"])
        if action == "add":
            alive.append(library.add(f"Note {step} about topic {step % 5}.\n\nSecond part {step}.").id)
        elif action == "remove" and alive:
            library.remove(alive.pop(generator.randrange(len(alive))))
        elif action == "replace" and alive:
            library.replace(generator.choice(alive), f"Replaced at {step}.")
        elif action == "build":
            library.build()
        elif action == "look":
            assert visible(follower) == visible(library.snapshots())
    assert visible(follower) == visible(library.snapshots())
    assert follower.latest("default").chunk_count >= len(alive)


def test_many_small_additions_do_not_pile_up_segments(library: Library) -> None:
    follower = library.snapshots()
    for number in range(3 * snapshot_module.MAX_FRESH_SEGMENTS):
        library.add(f"Note {number}.")
        follower.latest("default")
    assert len(follower.latest("default").segments) <= snapshot_module.MAX_FRESH_SEGMENTS + 1
    assert follower.latest("default").chunk_count == 3 * snapshot_module.MAX_FRESH_SEGMENTS


def test_a_published_generation_gives_the_same_hits_as_the_database(library: Library) -> None:
    for number in range(40):
        library.add(f"Note {number} about harbours and cranes in month {number % 12}.")
    request = SearchRequest("cranes in month 7", "default", 10)
    before = [(hit.chunk.id, hit.score) for hit in library.retriever().search(request).hits]
    assert library.build() == 40
    after = [(hit.chunk.id, hit.score) for hit in library.retriever().search(request).hits]
    assert before == after


def test_without_changes_the_same_snapshot_is_served(library: Library) -> None:
    library.add("A note.")
    snapshots = library.snapshots()
    assert snapshots.latest("default") is snapshots.latest("default")


def test_nobody_waits_for_the_index_of_a_model_that_begins_to_answer(library: Library) -> None:
    library.add("A note.")
    snapshots = library.snapshots()
    before = snapshots.latest("default")
    with library.database.write() as connection:
        models.want(connection, "other@1", "other")
        models.switch(connection, "other@1", "by hand")
    with snapshots._lock:  # as if another thread were opening it
        assert snapshots.latest("default") is before
    assert snapshots.latest("default").model_id == "other@1"
    with library.database.write() as connection:
        models.roll_back(connection)
    assert snapshots.latest("default").model_id == "hash@1"


def test_a_snapshot_of_a_model_that_does_not_answer_can_be_asked_for(library: Library) -> None:
    library.add("A note.")
    with library.database.write() as connection:
        models.want(connection, "other@1", "other")
    (segment,) = Snapshots(library.database, library.files, "other@1").latest("default").segments
    assert (len(segment.chunk_keys), len(segment.vector_rows)) == (1, 0)
