"""Questions to the graph of the sample documents: what share is answered rightly, and what hostile statements can do.

The questions are our own (`bench/questions/graph.jsonl`), half of them held out. Their answers were read from the
documents and not from the graph, so that whatever extraction misses counts as a mistake. An answer is right if its
first column holds just the expected names, in any order; a path, if the expected name stands on it.
"""

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from bench import examples
from bench.hostile_cypher import HOSTILE
from bench.library import COLLECTION, Library, opened
from bench.report import Report, Row, bootstrap
from ingest.graph.building import GraphTools, update_graphs
from ingest.graph.extraction import document_graph
from retrieval.errors import InvalidRequest, TooLarge
from retrieval.graph import engine
from retrieval.graph.cypher_guard import checked
from retrieval.graph.engine import CypherLimits, CypherResult
from retrieval.graph.names import normal_name
from retrieval.graph.projection import GraphProjections
from retrieval.graph.questions import GraphAnswer, GraphQuestion, GraphQuestions
from retrieval.store import documents, graph
from retrieval.types import Json

QUESTIONS = Path("bench/questions/graph.jsonl")
_ROUNDS = 5
# What the engine alone may make of a hostile statement before it is stopped.
_LIMITS = CypherLimits(seconds=1.0, rows=100, size=10_000)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a question."""

    kind: str
    part: str
    is_answered: bool
    is_right: bool
    milliseconds: float


def run(settings: Settings, kept: Path | None) -> Report:
    """Execution accuracy on our own questions, what the graph costs at ingest, and what hostile statements can do."""
    with opened(settings, kept) as library:
        examples.store(library)
        update_graphs(GraphTools(library.database, lambda: None))
        projections = GraphProjections(library.database, library.files.folder / "graphs")
        questions = GraphQuestions(library.database, projections)
        projections.of(COLLECTION)
        judged = [_judge(entry, questions) for entry in entries()]
        rows = [*_accuracy(judged), *_cost(library), *_hostile(projections)]
    return Report("graph", {"questions": len(judged), "hostile statements": len(HOSTILE)}, rows, plotted=["right"])


def entries() -> Sequence[Json]:
    """The questions, with their answers where the documents have one."""
    return [json.loads(line) for line in QUESTIONS.read_text().splitlines()]


def _judge(entry: Json, questions: GraphQuestions) -> Judged:
    started = time.perf_counter()
    answer = questions.ask(GraphQuestion(COLLECTION, entry["question"]))
    milliseconds = 1000 * (time.perf_counter() - started)
    is_answered = answer.reason is None
    right = not is_answered if "answer" not in entry else is_answered and _is_right(answer, entry)
    return Judged(entry["kind"], entry["part"], is_answered, right, milliseconds)


def _is_right(answer: GraphAnswer, entry: Json) -> bool:
    """Whether the rows are the expected ones, and every one of them can be cited."""
    result = answer.result
    assert result is not None
    if entry["kind"] == "path":
        return _shows(result, entry["answer"][0]) and bool(answer.provenance)
    found = {_plain(row[0]) for row in result.rows}
    return found == {_plain(name) for name in entry["answer"]} and bool(answer.provenance)


def _shows(result: CypherResult, name: str) -> bool:
    """Whether a name stands on the first path."""
    return bool(result.rows) and name.casefold() in json.dumps(result.rows[0], ensure_ascii=False).casefold()


def _plain(value: Json) -> str:
    return normal_name(str(value)) or str(value)


def _accuracy(judged: Sequence[Judged]) -> Iterator[Row]:
    for part in ("tuned", "held out"):
        answered = [item for item in judged if item.part == part and item.kind != "none"]
        yield bootstrap("templates", part, "right", [item.is_right for item in answered])
        yield Row("templates", part, "wrong", _share([item.is_answered and not item.is_right for item in answered]))
        yield Row("templates", part, "refused", _share([not item.is_answered for item in answered]))
        none = [item for item in judged if item.part == part and item.kind == "none"]
        yield Row("templates", part, "no answer where none is due", _share([item.is_right for item in none]))
        yield Row("templates", part, "questions", len(answered))
    for kind in dict.fromkeys(item.kind for item in judged):
        right = [item.is_right for item in judged if item.kind == kind]
        yield Row("templates", "both parts, by kind", kind, _share(right))
    times = [item.milliseconds for item in judged if item.is_answered]
    yield Row("templates", "an answered question", "milliseconds, median", statistics.median(times))


def _cost(library: Library) -> Iterator[Row]:
    """Milliseconds a chunk that reading the documents takes, the median of several rounds."""
    with library.database.read() as connection:
        found = [
            (document.name, graph.texts(connection, document.revision_key))
            for document in documents.list_page(connection, COLLECTION, "ready", 1_000, None)
        ]
    count = sum(len(chunks) for _, chunks in found)
    rounds = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        for name, chunks in found:
            document_graph(name, chunks)
        rounds.append(1000 * (time.process_time() - started) / count)
    yield Row("extraction", "sample documents", "milliseconds of processor time a chunk", statistics.median(rounds))
    yield Row("extraction", "sample documents", "chunks", count)


def _hostile(projections: GraphProjections) -> Iterator[Row]:
    """What the guard lets through, and what statements do to the graph where there is no guard."""
    path = projections.of(COLLECTION).path
    before = path.read_bytes()
    passed = changed = answered = 0
    for statement in HOSTILE:
        try:
            checked(statement, 1)
            passed += 1
        except InvalidRequest:
            pass
        try:
            engine.run(path, [statement or ";"], _LIMITS)
            answered += 1
        except (InvalidRequest, TooLarge):
            pass
        changed += path.read_bytes() != before
    data = f"{len(HOSTILE)} hostile statements"
    yield Row("guard", data, "let through", passed)
    yield Row("engine without the guard", data, "ran", answered)
    yield Row("engine without the guard", data, "changed the graph", changed)


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
