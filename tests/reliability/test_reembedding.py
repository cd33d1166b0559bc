"""The embedding model changes while questions run, and while processes die: none fails, none meets two models."""

import random
import shutil
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from app.client import Client
from app.doctor import examine
from app.settings import Settings
from retrieval.failpoints import FAILPOINTS
from retrieval.store import models
from retrieval.store.database import Database
from retrieval.store.schema import node_vectors, representations
from tests.fakes import load_scripted
from tests.reliability.forked_process import exit_code, stop
from tests.reliability.processes import Processes
from tests.reliability.small_library import TEXTS, upload
from tests.reliability.test_failpoints import current_generation, finish, listed, worker

CHANGE = [name for name in FAILPOINTS if name.startswith("reembed.") and name != "reembed.purged"]
QUICK = {"reembed.stride", "reembed.switched"}

DOCUMENTS, SENTENCES, QUESTIONS = 150, 40, 500
_WORDS = sorted({word for word in Path(__file__).read_text().split() if word.isalpha()})


@pytest.fixture
def folder(tmp_path: Path, empty_database: Path) -> Path:
    shutil.copy(empty_database, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "turn"),
    [
        pytest.param(name, turn, marks=[] if name in QUICK and turn == 0 else [pytest.mark.slow], id=f"{name}-{turn}")
        for name in CHANGE
        for turn in range(5)
    ],
)
def test_a_worker_that_dies_in_the_change_is_followed_by_one_that_ends_it(folder: Path, name: str, turn: int) -> None:
    upload(folder)
    finish(folder)
    vectors = stored(folder)["hash@1"]
    with writing(folder) as connection:
        models.want(connection, "other@1", "other")
    died = worker(folder, dies_at=name)
    assert exit_code(died) == -signal.SIGKILL  # the place was reached
    process = worker(folder)
    try:
        wait_for(lambda: answering(folder) == "other@1", 240)
        wait_for(lambda: current_generation(folder, "other@1") and current_generation(folder, "hash@1"), 240)
    finally:
        stop(process)
    assert stored(folder) == {"hash@1": vectors, "other@1": vectors}
    assert Counter(document.name for document in listed(folder)) == dict.fromkeys(TEXTS, 1)
    assert examined(folder) == []


@pytest.mark.parametrize(
    "turn",
    [pytest.param(turn, marks=[pytest.mark.slow] if turn else [], id=f"reembed.purged-{turn}") for turn in range(5)],
)
def test_a_worker_that_dies_while_it_removes_a_given_up_model_is_followed_by_one_that_ends_it(
    folder: Path, turn: int
) -> None:
    upload(folder)
    finish(folder)
    alone = stored(folder)
    with writing(folder) as connection:
        models.want(connection, "other@1", "other")
    died = worker(folder, dies_at="reembed.embedded")
    assert exit_code(died) == -signal.SIGKILL
    with writing(folder) as connection:
        models.give_up(connection, "wanted")
    died = worker(folder, dies_at="reembed.purged")
    assert exit_code(died) == -signal.SIGKILL
    process = worker(folder)
    try:
        wait_for(lambda: stored(folder) == alone, 240)
    finally:
        stop(process)
    assert examined(folder) == []


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    built = Processes(tmp_path)
    yield built
    built.stop()


@pytest.mark.models
@pytest.mark.slow
def test_five_thousand_chunks_change_their_model_while_five_hundred_questions_run(processes: Processes) -> None:
    client = processes.client
    processes.start_worker()
    texts = documents()
    client.upload_texts([("first.txt", "To make the collection.")], "words")
    client._json("PATCH", "/v1/collections/words", json={"settings": {"chunk_tokens": 32}})
    client.upload_texts(texts, "words")
    wait_for(lambda: not client.unfinished("words"), 1800)
    chunks = client._json("GET", "/v1/collections/words")["chunks"]
    assert chunks >= 5000
    old = client.embedding()["active"]["id"]
    questions = Questions(processes.port, [text for _, text in texts])
    alone = questions.run(60)

    new = client.change_embedding("all-MiniLM-L6-v2")["wanted"]["id"]
    started = time.monotonic()
    during: list[dict[str, Any]] = []
    done = threading.Event()
    asking = threading.Thread(target=lambda: during.extend(questions.run(QUESTIONS, lambda: not done.is_set())))
    asking.start()
    wait_for(lambda: client.embedding()["wanted"]["done"] > chunks // 3, 1800)
    assert processes.worker is not None
    processes.worker.kill()
    processes.worker.wait()
    processes.start_worker()
    wait_for(lambda: not changing(client, new), 1800)
    seconds = time.monotonic() - started
    state = client.embedding()
    assert (state["active"]["id"], state["kept"]["id"]) == (new, old), state

    # What comes after the change is found after the rollback too.
    (late,) = client.upload_texts([("late.txt", "The heron waits beside the weir at dawn.")], "words")
    wait_for(lambda: client.document(late["id"])["status"] == "ready", 120)
    wait_for(lambda: stored(processes.folder)[old] == stored(processes.folder)[new], 120)
    back = [until_answering(client, old), until_answering(client, new), until_answering(client, old)]
    found = client.search("heron at the weir", "words", 1)
    assert (found["hits"][0]["document"], model_of(found["trace"])) == ("late.txt", old)
    assert found["hits"][0]["why"]["dense_rank"] == 1
    done.set()
    asking.join()
    after = questions.run(60)
    client.forget_embedding()
    wait_for(lambda: set(stored(processes.folder)) == {old}, 120)
    assert processes.examine() == []

    print(
        f"{chunks} chunks in {seconds:.0f} s, worker killed once; {len(during)} questions meanwhile, "
        f"{Counter(answer['model'].partition('@')[0] for answer in during)}; {state['parity']}; "
        f"searches p50/p95 ms: alone {latency(alone)}, during {latency(during)}, after {latency(after)}; "
        f"switched back, forth, back in {[round(value, 2) for value in back]} s"
    )
    for asked in (alone, during, after):
        assert {answer["failed"] for answer in asked} == {None}
        assert all(answer["model"] in (old, new) for answer in asked)
        # Vectors of two models have nothing to do with each other: a mixed search would find nothing near.
        assert min(answer["cosine"] for answer in asked) > 0.5
    assert len(during) >= QUESTIONS
    assert {answer["model"] for answer in alone + after} == {old}
    assert {answer["model"] for answer in during} == {old, new}
    assert max(back) < 2.0


class Questions:
    """Asks parts of sentences that are in the documents, from several threads."""

    def __init__(self, port: int, texts: list[str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.sentences = [line for text in texts for line in text.split("\n\n")]

    def run(self, count: int, longer: Callable[[], bool] = lambda: False) -> list[dict[str, Any]]:
        """So many questions, and more as long as `longer` says; every 25th is an answer, the others searches."""
        numbers, lock, answers = iter(range(10**6)), threading.Lock(), list[dict[str, Any]]()

        def ask() -> None:
            with Client(self.url) as client:
                while True:
                    with lock:
                        number = next(numbers)
                    if number >= count and not longer():
                        return
                    answers.append(self._ask(client, number))
                    # Spread over the whole change, however long the machine takes for it.
                    time.sleep(0.3 if longer() else 0.0)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def _ask(self, client: Client, number: int) -> dict[str, Any]:
        generator = random.Random(number)
        question = generator.choice(self.sentences)
        started = time.monotonic()
        try:
            if number % 25 == 24:
                request = {"question": question, "collection": "words", "options": {"max_tokens": 4}}
                trace = client._json("POST", "/v1/ask", json=request)["trace"]
            else:
                trace = client.search(question, "words", 5)["trace"]
        except Exception as error:  # noqa: BLE001 - every failure counts
            return {"failed": repr(error), "model": None, "cosine": 0.0, "seconds": 0.0, "search": False}
        seconds = time.monotonic() - started
        cosine = next(entry["cosine"] for entry in trace["stages"] if entry["stage"] == "evidence")
        return {
            "failed": None,
            "model": model_of(trace),
            "cosine": cosine,
            "seconds": seconds,
            "search": number % 25 != 24,
        }


def model_of(trace: Any) -> str | None:
    """The model that the last pass searched with; None if its query was embedded by another."""
    used = [entry["model"] for entry in trace["stages"] if entry["stage"] in ("snapshot", "embed_query")]
    return used[-1] if used[-1] == used[-2] else None


def latency(answers: list[dict[str, Any]]) -> tuple[int, int]:
    """Median and 95th percentile of the searches in milliseconds."""
    times = sorted(1000 * answer["seconds"] for answer in answers if answer["search"])
    return round(statistics.median(times)), round(times[int(0.95 * len(times))])


def documents() -> list[tuple[str, str]]:
    """Documents of sentences of about 20 tokens, all different; nearly each becomes a chunk."""
    generator = random.Random(5)
    return [
        (
            f"{number}.txt",
            "\n\n".join(
                f"Item {number}-{line}: " + " ".join(generator.choices(_WORDS, k=9)) + "." for line in range(SENTENCES)
            ),
        )
        for number in range(DOCUMENTS)
    ]


def changing(client: Client, model_id: str) -> bool:
    state = client.embedding()
    assert state["wanted"] is None or state["wanted"]["problem"] is None, state
    return bool(state["active"]["id"] != model_id)


def until_answering(client: Client, model_id: str) -> float:
    """Seconds from the rollback until a search is answered by the model."""
    started = time.monotonic()
    client.roll_embedding_back()
    while model_of(client.search("heron at the weir", "words", 1)["trace"]) != model_id:
        pass
    return time.monotonic() - started


@contextmanager
def writing(folder: Path) -> Iterator[Connection]:
    """A write transaction on the folder's database."""
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.write() as connection:
        yield connection
    database.close()


def stored(folder: Path) -> dict[str, int]:
    """Vectors by model."""
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    counts: Counter[str] = Counter()
    with database.read() as connection:
        for table in (representations, node_vectors):
            for row in connection.execute(select(table.c.model_id, func.count().label("n")).group_by(table.c.model_id)):
                counts[row.model_id] += row.n
    database.close()
    return dict(counts)


def answering(folder: Path) -> str:
    database = Database(f"sqlite:///{folder / 'scholiast.db'}")
    with database.read() as connection:
        found = models.active(connection).model_id
    database.close()
    return found


def examined(folder: Path) -> list[Any]:
    settings = Settings(data_dir=folder, _env_file=None)
    return list(examine(settings, lambda _settings, name: load_scripted(name).model_id))


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
