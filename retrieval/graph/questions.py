"""Answers questions from the graph: `GraphQuestions.ask` is the whole of it, in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from retrieval.graph import engine
from retrieval.graph.cypher_guard import CheckedCypher, checked
from retrieval.graph.engine import CypherLimits, CypherResult
from retrieval.graph.linking import Linker
from retrieval.graph.projection import GraphProjections, Projection
from retrieval.graph.question_patterns import fits
from retrieval.graph.question_templates import TEMPLATES, Draft, Reading
from retrieval.store import chunks
from retrieval.store.database import Database
from retrieval.trace import Trace
from retrieval.types import Chunk, Json

# Places that an answer cites at most.
MAX_PROVENANCE = 20
# Relations that are asked for them: several may lie in one chunk.
_RELATIONS = 100

Reason = Literal["no template", "nothing linked", "no rows", "no graph"]


@dataclass(frozen=True, slots=True)
class GraphQuestion:
    """A question, or a statement in its place, to the graph of a collection."""

    collection: str
    question: str | None = None
    cypher: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a document says what an answer stands on: a chunk, and offsets in its text."""

    chunk: Chunk
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The words that say so."""
        return self.chunk.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """What the graph says; without a statement why there is none."""

    cypher: str | None
    result: CypherResult | None
    provenance: Sequence[Provenance]
    reason: Reason | None
    trace: Trace


@dataclass(frozen=True, slots=True)
class Written:
    """The statements for a question, the first that gives rows being its answer, and how they came about."""

    template: str
    draft: Draft


def write(question: str, linker: Linker) -> Written | Reason:
    """Statements that say what the question asks, unchecked; or why there are none."""
    is_worded = False
    for fit in fits(question):
        is_worded = True
        draft = TEMPLATES[fit.template](Reading(fit.slots, linker))
        if draft is not None:
            return Written(fit.template, draft)
    return "nothing linked" if is_worded else "no template"


class GraphQuestions:
    """Holds the database and the graphs that were laid out."""

    def __init__(
        self, database: Database, projections: GraphProjections, limits: Callable[[], CypherLimits] = CypherLimits
    ) -> None:
        self._database = database
        self._projections = projections
        self._limits = limits
        self._linkers: dict[str, tuple[Projection, Linker]] = {}

    def ask(self, request: GraphQuestion) -> GraphAnswer:
        """The rows that answer the question, or that the statement gives, with the places that say so.

        Raises `NotFound`, `TooLarge`, and `InvalidRequest` for a statement that is refused.
        """
        trace = Trace()
        with trace.stage("graph") as stage:
            if request.cypher is not None:
                checked(request.cypher, _RELATIONS)  # before any work is done for it
            projection = self._projections.of(request.collection)
            stage.record(entities=len(projection.entities), change=projection.number)
        if request.cypher is not None:
            statements: Sequence[str] = [request.cypher]
        else:
            written = self._write(request, projection, trace)
            if not isinstance(written, Written):
                return GraphAnswer(None, None, (), written, trace)
            statements = written.draft.statements
        return self._answer(request, statements, trace)

    def _write(self, request: GraphQuestion, projection: Projection, trace: Trace) -> Written | Reason:
        with trace.stage("construct") as stage:
            if not projection.entities:
                stage.record(reason="no graph")
                return "no graph"
            written = write(request.question or "", self._linker(request.collection, projection))
            if isinstance(written, Written):
                stage.record(
                    template=written.template, linked=_shown(written.draft), cypher=written.draft.statements[0]
                )
            else:
                stage.record(reason=written)
        return written

    def _linker(self, collection: str, projection: Projection) -> Linker:
        known = self._linkers.get(collection)
        if known is None or known[0] is not projection:
            linker = Linker(
                projection.entities,
                projection.documents,
                projection.relations,
                projection.value_names,
                projection.categories,
            )
            known = self._linkers[collection] = (projection, linker)
        return known[1]

    def _answer(self, request: GraphQuestion, statements: Sequence[str], trace: Trace) -> GraphAnswer:
        with trace.stage("check"):
            allowed = [checked(statement, _RELATIONS) for statement in statements]
        with trace.stage("execute") as stage:
            chosen, result, relations = self._run(request.collection, allowed)
            with self._database.read() as connection:
                places = _provenance(connection, [*relations.rows, *result.rows])
            stage.record(
                cypher=chosen.cypher,
                columns=list(result.columns),
                rows=len(result.rows),
                cut=result.cut,
                provenance=len(places),
            )
        if request.cypher is None and not _has_answer(result):
            return GraphAnswer(chosen.cypher, result, (), "no rows", trace)
        return GraphAnswer(chosen.cypher, result, places, None, trace)

    def _run(
        self, collection: str, allowed: Sequence[CheckedCypher]
    ) -> tuple[CheckedCypher, CypherResult, CypherResult]:
        """The first statement that gives rows, or the first; its result, and the relations that it stands on."""
        nothing = CypherResult((), (), False)
        sent = [text for item in allowed for text in (item.cypher, item.provenance or item.cypher)]
        try:
            results = engine.run(self._projections.of(collection).path, sent, self._limits())
        except FileNotFoundError:  # swept away between being found and being opened: it is made again
            results = engine.run(self._projections.of(collection).path, sent, self._limits())
        pairs = list(zip(allowed, results[::2], results[1::2], strict=True))
        chosen, result, relations = next((pair for pair in pairs if _has_answer(pair[1])), pairs[0])
        return chosen, result, relations if chosen.provenance else nothing


def _has_answer(result: CypherResult) -> bool:
    """Whether a result says anything: rows, and not only a count of nothing."""
    return bool(result.rows) and not (result.columns == ("count",) and result.rows[0][0] == 0)


def _shown(draft: Draft) -> Json:
    """What was linked, as the trace shows it."""
    return {
        "entities": [
            {"text": item.text, "name": item.name, **({"repaired": True} if item.repaired else {})}
            for item in draft.linked
        ],
        "relations": list(draft.relations),
    }


def _provenance(connection: Connection, rows: Sequence[Sequence[Json]]) -> Sequence[Provenance]:
    """The places of the relations in the rows, each once, in order; those of chunks that are there."""
    places = list(dict.fromkeys(place for row in rows for value in row for place in _places(value)))
    found = chunks.visible(connection, sorted({chunk for chunk, _, _ in places}))
    exact = {chunk for chunk, _, last in places if last}
    return [
        Provenance(found[chunk], first, last or len(found[chunk].text))
        for chunk, first, last in places
        if chunk in found and (last or chunk not in exact)  # the whole chunk only where no place in it is known
    ][:MAX_PROVENANCE]


def _places(value: Json) -> Iterator[tuple[int, int, int]]:
    """Chunk and offsets of every relation in a value; offsets are 0 where only the chunk is known."""
    if isinstance(value, dict):
        if isinstance(value.get("chunk"), int):
            yield value["chunk"], value.get("first") or 0, value.get("last") or 0
        for item in value.values():
            yield from _places(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _places(item)
