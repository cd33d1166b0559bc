"""The process dies at each named place; afterwards everything accepted is there once, and nothing else is."""

import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.doctor import examine
from app.settings import Settings
from retrieval import failpoints
from retrieval.failpoints import FAILPOINTS
from retrieval.store import changes, collection_trees, documents, generations
from retrieval.store import collection_nodes as collection_nodes_store
from retrieval.store.database import Database
from retrieval.store.documents import Document
from retrieval.store.schema import chunks, collection_nodes, document_digests, revisions, tree_nodes
from retrieval.store.schema import collection_trees as collection_trees_table
from tests.app.scripted_worker import run
from tests.fakes import HashEmbedder
from tests.reliability.forked_process import exit_code, start, stop
from tests.reliability.small_library import TEXTS, delete, upload

UPLOAD = [name for name in FAILPOINTS if name.startswith("upload.")]
REEMBED = [name for name in FAILPOINTS if name.startswith("reembed.")]  # in test_reembedding.py
DELETE = [name for name in FAILPOINTS if name.startswith("delete.")]
SWITCH = ["collect.embedded"]  # reached only after a change of models
WORK = [name for name in FAILPOINTS if name not in UPLOAD + REEMBED + DELETE + SWITCH]
# One of each kind runs always; all of them, five times each, in `make test-full`.
QUICK = {"upload.queued", "enrich.stored", "collect.summarised", "delete.withdrawn"}


def cases(names: list[str]) -> list[object]:
    return [
        pytest.param(name, turn, marks=[] if name in QUICK and turn == 0 else [pytest.mark.slow], id=f"{name}-{turn}")
        for name in names
        for turn in range(5)
    ]


@pytest.fixture
def folder(tmp_path: Path, empty_database: Path) -> Path:
    shutil.copy(empty_database, tmp_path)
    return tmp_path


@pytest.mark.parametrize(("name", "turn"), cases(WORK))
def test_a_worker_that_dies_there_is_followed_by_one_that_ends_the_work(folder: Path, name: str, turn: int) -> None:
    upload(folder)
    died = worker(folder, dies_at=name)
    assert exit_code(died) == -signal.SIGKILL  # the place was reached
    finish(folder)
    check(folder, dict.fromkeys(TEXTS, 1))


@pytest.mark.parametrize(("name", "turn"), cases(UPLOAD))
def test_an_upload_that_dies_there_is_there_wholly_or_not_at_all(folder: Path, name: str, turn: int) -> None:
    assert exit_code(start(upload, folder, dies_at=name)) == -signal.SIGKILL
    committed = name == "upload.committed"
    assert len(listed(folder)) == (len(TEXTS) if committed else 0)
    upload(folder)  # the client tries again
    finish(folder)
    check(folder, dict.fromkeys(TEXTS, 1))


@pytest.mark.parametrize(("name", "turn"), cases(DELETE))
def test_a_deletion_that_dies_there_has_deleted_nothing(folder: Path, name: str, turn: int) -> None:
    upload(folder)
    finish(folder)
    before = tree_over(folder)
    assert exit_code(start(delete, folder, dies_at=name)) == -signal.SIGKILL
    assert tree_over(folder) == before != []
    check(folder, dict.fromkeys(TEXTS, 1))


@pytest.mark.parametrize(("name", "turn"), cases(SWITCH))
def test_a_tree_whose_model_changed_is_embedded_anew_though_the_worker_dies(folder: Path, name: str, turn: int) -> None:
    upload(folder)
    finish(folder)
    before = tree_over(folder)
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.write() as connection:  # as a change of models leaves it
        for table in (document_digests, collection_nodes):
            connection.execute(update(table).values(model_id="old@1"))
        connection.execute(update(collection_trees_table).values(followed=0))
    database.close()
    died = worker(folder, dies_at=name)
    assert exit_code(died) == -signal.SIGKILL
    assert tree_over(folder, HashEmbedder.model_id) == []
    finish(folder)
    assert tree_over(folder, HashEmbedder.model_id) == before
    check(folder, dict.fromkeys(TEXTS, 1))


def test_a_failpoint_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no failpoint"):
        failpoints.arm("parse.nowhere")


def worker(folder: Path, dies_at: str | None = None) -> ForkServerProcess:
    return start(run, folder, "worker-1", dies_at=dies_at)


def finish(folder: Path) -> None:
    """Lets a worker do everything there is to do."""
    process = worker(folder)
    try:
        wait_for(lambda: len(done := listed(folder)) > 0 and all(document.enrichment == "done" for document in done))
        wait_for(lambda: current_generation(folder) and not behind(folder))
    finally:
        stop(process)


def check(folder: Path, expected: dict[str, int]) -> None:
    found = listed(folder)
    assert Counter(document.name for document in found) == Counter(expected)
    assert all(document.status == "ready" for document in found)
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.read() as connection:
        places = connection.execute(select(chunks.c.revision_key, chunks.c.ordinal)).all()
        assert len(places) == len(set(places))
        assert connection.scalar(select(func.count()).select_from(revisions)) == len(expected)
        roots = connection.execute(select(tree_nodes.c.level, tree_nodes.c.ordinal)).all()
        assert len(roots) == len(set(roots)) > 0
    database.close()
    assert tree_over(folder, HashEmbedder.model_id)
    assert examine(Settings(data_dir=folder, _env_file=None), lambda *_: HashEmbedder.model_id) == []


def listed(folder: Path) -> list[Document]:
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.read() as connection:
        found = list(documents.list_page(connection, None, None, 99, None))
    database.close()
    return found


def current_generation(folder: Path, model_id: str = HashEmbedder.model_id) -> bool:
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.read() as connection:
        active = generations.newest(connection, "default", model_id)
        newest = changes.latest_of_revisions(connection, "default")
    database.close()
    return active is not None and active.change_number >= newest


def behind(folder: Path) -> bool:
    """Whether the tree over the collection has still to be brought up to date."""
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.read() as connection:
        found = collection_trees.behind(connection)
    database.close()
    return bool(found)


def tree_over(folder: Path, model_id: str | None = None) -> list[str]:
    """What the nodes over the documents say; of a model, those that its searches see."""
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.read() as connection:
        found = [node.text for node in collection_nodes_store.of_collection(connection, "default", 99, 0)]
        if model_id is not None:
            found = found[: len(collection_nodes_store.index_rows(connection, "default", model_id).vectors)]
    database.close()
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
