"""Damage to index files is noticed before they serve, and repaired from the database."""

import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.errors import IndexDamaged, NotFound
from retrieval.generation_files import GenerationFiles
from retrieval.indexes.segment import Segment
from retrieval.snapshot import Snapshots
from retrieval.store import collections, generations
from retrieval.store.generations import Generation
from retrieval.types import SearchRequest
from tests.fakes import HashEmbedder, Library


@pytest.fixture
def filled(library: Library) -> Library:
    for number in range(25):
        library.add(f"Note {number} about harbours and cranes in month {number % 12}.")
    library.build()
    return library


def active(library: Library) -> Generation:
    with library.database.read() as connection:
        found = generations.newest(connection, "default", HashEmbedder.model_id)
    assert found is not None
    return found


def index_files(library: Library) -> list[Path]:
    return sorted((library.files.folder / active(library).folder).iterdir())


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12, 50))])
def test_a_flipped_byte_or_lost_sector_anywhere_is_noticed(filled: Library, seed: int) -> None:
    generator = random.Random(seed)
    path = generator.choice(index_files(filled))
    content = bytearray(path.read_bytes())
    position = generator.randrange(len(content))
    if seed % 2:
        content[position] ^= 1 << generator.randrange(8)
    else:
        content[position : position + 512] = bytes(min(512, len(content) - position))
    if content == path.read_bytes():
        pytest.skip("the sector was empty already")
    path.write_bytes(content)
    with pytest.raises(IndexDamaged):
        filled.files.load(active(filled))


@pytest.mark.parametrize(
    "name",
    [
        "dense.faiss",
        "dense.json",
        "sparse.npz",
        "sparse-title.npz",
        "tree.npz",
        "late_interaction.npz",
        "rows.npz",
        "manifest.json",
    ],
)
def test_a_missing_file_is_noticed(filled: Library, name: str) -> None:
    (filled.files.folder / active(filled).folder / name).unlink()
    with pytest.raises(IndexDamaged):
        filled.files.load(active(filled))


def test_a_generation_in_an_older_format_is_not_read_but_built_again(filled: Library) -> None:
    path = filled.files.folder / active(filled).folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    path.write_text(json.dumps({**manifest, "format": manifest["format"] - 1}))
    with pytest.raises(IndexDamaged):
        filled.files.load(active(filled))
    assert filled.retriever().search(SearchRequest("cranes in month 7", "default", 10)).hits


def test_an_older_generation_put_in_its_place_is_noticed(filled: Library) -> None:
    old = filled.folder / "old"
    shutil.copytree(filled.files.folder / active(filled).folder, old)
    filled.add("One more note.")
    filled.build()
    current = filled.files.folder / active(filled).folder
    shutil.rmtree(current)
    shutil.copytree(old, current)
    with pytest.raises(IndexDamaged):
        filled.files.load(active(filled))


def test_searches_go_on_with_the_same_results_and_the_damaged_generation_is_withdrawn(filled: Library) -> None:
    request = SearchRequest("cranes in month 7", "default", 10)
    before = [hit.chunk.id for hit in filled.retriever().search(request).hits]
    path = index_files(filled)[0]
    path.write_bytes(path.read_bytes()[:-7])
    assert [hit.chunk.id for hit in filled.retriever().search(request).hits] == before
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with filled.database.read() as connection:
            if generations.newest(connection, "default", HashEmbedder.model_id) is None:
                return
        time.sleep(0.02)
    pytest.fail("the damaged generation is still active")


class OvertakenFiles(GenerationFiles):
    """Another generation is published, and the one that was looked up swept away, before it is loaded."""

    overtake: Callable[[], object] | None = None

    def load(self, generation: Generation) -> Segment:
        if self.overtake is not None:
            overtake, self.overtake = self.overtake, None
            overtake()
        return super().load(generation)


def test_an_index_that_is_replaced_before_it_is_read_is_not_taken_for_damaged(
    filled: Library, caplog: pytest.LogCaptureFixture
) -> None:
    before, files = active(filled), OvertakenFiles(filled.files.folder)
    files.overtake = filled.build
    snapshot = Snapshots(filled.database, files).latest("default")
    assert not (files.folder / before.folder).exists()
    assert snapshot.generation == active(filled) != before
    assert caplog.text == ""


def test_building_leaves_only_the_folder_of_the_active_generation(filled: Library) -> None:
    for _ in range(3):
        filled.build()
    assert [path.name for path in filled.files.folder.iterdir()] == [active(filled).folder]


def test_a_killed_build_leaves_nothing_after_the_next_start(filled: Library) -> None:
    (filled.files.folder / "building-abc").mkdir()
    filled.files.clear_unfinished()
    assert not list(filled.files.folder.glob("building-*"))


def test_a_collection_deleted_during_the_build_is_not_brought_back(filled: Library) -> None:
    with filled.database.write() as connection:
        collections.remove(connection, "default")
    with pytest.raises(NotFound):
        filled.build()
