"""Answers questions from the tables in documents: `TableQuestions.ask` is the whole of it, in order."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection
from sqlglot import exp

from retrieval.construction import sql_execution, sql_generation
from retrieval.construction.schema_linking import Linked
from retrieval.construction.semantic_sql import Planned, ValueVectors, is_semantic, planned
from retrieval.construction.sql_confidence import confidence
from retrieval.construction.sql_execution import SqlLimits, SqlResult
from retrieval.construction.sql_generation import GivenUp, Written
from retrieval.construction.sql_guard import CheckedSelect, checked
from retrieval.construction.sql_repair import repaired
from retrieval.construction.sql_schema import SqlTable, named
from retrieval.construction.table_profiles import TableProfiles
from retrieval.errors import InvalidRequest
from retrieval.store import changes, collections, filters, tables
from retrieval.store.database import Database
from retrieval.trace import Trace
from retrieval.types import Embedder, Json

# Rows that an answer cites at most: a sum over a thousand is shown by its statement, not by them.
MAX_EVIDENCE = 20
_SHOWN_TABLES = 3
# Statements that run side by side, each with its copy of tables; further ones wait.
_CHILDREN = 4
_KEPT_CATALOGUES = 64  # collections


@dataclass(frozen=True, slots=True)
class TableQuestion:
    """A question, or a statement in its place, to the tables of a collection."""

    collection: str
    question: str | None = None
    sql: str | None = None
    filter: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A row that an answer stands on."""

    document_id: str
    document: str
    table: str
    row: int  # from 1
    cells: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """What the tables say; without a statement why there is none."""

    sql: str | None
    result: SqlResult | None
    evidence: Sequence[EvidenceRow]
    reason: str | None
    trace: Trace
    tree: exp.Expr | None = None  # of the statement
    tables: tuple[SqlTable, ...] = ()  # that it reads
    confidence: float | None = None  # 0..1 that the rows answer the question; None for a statement that was given


class TableQuestions:
    """Holds the database, the embedder that answers now, and what is known of the tables' values."""

    def __init__(self, database: Database, embedder: Callable[[], Embedder], limits: SqlLimits | None = None) -> None:
        self._database = database
        self._embedder = embedder
        self._limits = limits or SqlLimits()
        self._profiles = TableProfiles()
        self._catalogues: OrderedDict[str, tuple[int, Sequence[SqlTable]]] = OrderedDict()
        self._lock = threading.Lock()
        self._values = ValueVectors(embedder)
        self._running = threading.BoundedSemaphore(_CHILDREN)

    def ask(self, request: TableQuestion, today: date | None = None) -> TableAnswer:
        """The rows that answer the question, or that the statement gives, with the rows they stand on.

        Raises `NotFound`, `TooLarge`, and `InvalidRequest` for a statement that is refused.
        """
        trace = Trace()
        with self._database.read() as connection:
            found = self._tables(connection, request, trace)
            written = None if request.sql else self._write(connection, request, found, today or date.today(), trace)
            if isinstance(written, GivenUp):
                return TableAnswer(None, None, (), written.reason, trace)
            plan = self._plan(connection, written.sql if written else request.sql or "", found, trace)
            statement = self._check(plan.sql, [*found, *(item.table for item in plan.scores)], trace)
            result, evidence = self._run(connection, statement, plan, trace)
        sure = confidence(written, statement.tree, result) if written else None
        return TableAnswer(statement.sql, result, evidence, None, trace, statement.tree, statement.tables, sure)

    def read(self, question: str, collection: str, today: date | None = None) -> Mapping[str, float]:
        """What the tables make of the question: how many there are, whether a statement fits, what it explains.

        Nothing is run. Raises `NotFound`.
        """
        trace, request = Trace(), TableQuestion(collection, question)
        with self._database.read() as connection:
            found = self._tables(connection, request, trace)
            if not found:
                return {"tables": 0.0}
            profiles = [self._profiles.of(connection, table) for table in found]
        written = sql_generation.write(question, profiles, None, today or date.today())
        return {"tables": len(found), **made_of(written)}

    def _tables(self, connection: Connection, request: TableQuestion, trace: Trace) -> Sequence[SqlTable]:
        """The tables that may be read, under the names that statements call them by."""
        with trace.stage("tables") as stage:
            collections.get(connection, request.collection)
            # Named before they are filtered: a table goes by the same name whatever the filter.
            found = self._named(connection, request.collection)
            if request.filter is not None:
                allowed = filters.matching_revisions(connection, request.collection, request.filter)
                kept = {table.key for table in tables.of_collection(connection, request.collection, allowed)}
                found = [table for table in found if table.key in kept]
            stage.record(tables=len(found), filter=dict(request.filter) if request.filter is not None else None)
        return found

    def _named(self, connection: Connection, collection: str) -> Sequence[SqlTable]:
        """The tables of the collection; counting their rows is not done again before anything changed."""
        number = changes.latest(connection, collection)
        with self._lock:
            kept = self._catalogues.get(collection)
        if kept is not None and kept[0] == number:
            return kept[1]
        found = named(tables.of_collection(connection, collection))
        with self._lock:
            self._catalogues[collection] = (number, found)
            self._catalogues.move_to_end(collection)
            while len(self._catalogues) > _KEPT_CATALOGUES:
                self._catalogues.popitem(last=False)
        return found

    def _write(
        self, connection: Connection, request: TableQuestion, found: Sequence[SqlTable], today: date, trace: Trace
    ) -> Written | GivenUp:
        with trace.stage("construct") as stage:
            profiles = [self._profiles.of(connection, table) for table in found]
            written = sql_generation.write(request.question or "", profiles, self._embedder(), today)
            if isinstance(written, Written):
                stage.record(template=written.template, linked=[_shown(written.linked)], sql=written.sql)
                return written
            stage.record(reason=written.reason, linked=[_shown(linked) for linked in written.linked[:_SHOWN_TABLES]])
        return written

    def _plan(self, connection: Connection, sql: str, found: Sequence[SqlTable], trace: Trace) -> Planned:
        """The statement with what it asks of meanings written out as values and scores."""
        if not is_semantic(sql):
            return Planned(sql, (), ())
        with trace.stage("plan") as stage:
            made = planned(sql, connection, found, self._values)
            stage.record(meant=list(made.meant), sql=made.sql)
        return made

    def _check(self, sql: str, found: Sequence[SqlTable], trace: Trace) -> CheckedSelect:
        """The statement as it may run; one that names something wrongly is mended once."""
        with trace.stage("check") as stage:
            try:
                statement = checked(sql, found)
            except InvalidRequest:
                mended = repaired(sql, found)
                if mended is None:
                    raise
                statement = checked(mended, found)
                stage.record(mended=sql)
            stage.record(sql=statement.sql)
        return statement

    def _run(
        self, connection: Connection, statement: CheckedSelect, plan: Planned, trace: Trace
    ) -> tuple[SqlResult, Sequence[EvidenceRow]]:
        with trace.stage("execute") as stage:
            sources = _sources(statement)
            statements = [statement.sql, *(sql for sql, _ in sources)]
            with self._running:
                given = {item.table.name: item.rows for item in plan.scores}
                result, *rows = sql_execution.run(connection, statements, statement.tables, self._limits, given)
            evidence: list[EvidenceRow] = []
            for (_, table), found in zip(sources, rows, strict=True):
                if table.name in given:
                    continue
                numbers = [int(row[0]) for row in found.rows[: MAX_EVIDENCE - len(evidence)]]
                evidence += [_evidence(connection, table, number) for number in numbers]
            stage.record(columns=list(result.columns), rows=len(result.rows), cut=result.cut, evidence=len(evidence))
        return result, evidence


def made_of(written: Written | GivenUp) -> Mapping[str, float]:
    """What of a question its tables explain, as routing looks at it."""
    if isinstance(written, Written):
        values = float(min(3, len(written.reading.values)))
        return {"written": 1.0, "covered": written.linked.covered, "values": values}
    covered = written.linked[0].covered if written.linked else 0.0
    return {"covered": covered, "left over": float(written.reason == "words left over")}


def _shown(linked: Linked) -> Json:
    """A linked table as the trace shows it."""
    table = linked.profile.table
    return {
        "table": table.name,
        "document": table.document,
        "score": round(linked.score, 3),
        "covered": round(linked.covered, 3),
        "values": [f"{item.column.name} = {item.value}" for item in linked.mentions if item.value and item.column],
        "columns": sorted({item.column.name for item in linked.mentions if item.kind == "column" and item.column}),
    }


def _sources(statement: CheckedSelect) -> Sequence[tuple[str, SqlTable]]:
    """For every plain SELECT in the statement one that gives the numbers of the rows it reads, and their table.

    Where it takes single rows in an order these are the rows that it takes. A group has too many to be shown.
    """
    by_name = {table.name: table for table in statement.tables}
    found = []
    for select in statement.tree.find_all(exp.Select):
        source = select.args.get("from_")
        if (
            source is None
            or not isinstance(source.this, exp.Table)
            or select.args.get("joins")
            or select.args.get("group")
        ):
            continue
        rows = exp.select(exp.column("rowid", quoted=True)).from_(source.this.copy())
        if where := select.args.get("where"):
            rows = rows.where(where.this.copy())
        if not any(select.find_all(exp.AggFunc)) and not select.args.get("distinct"):
            for clause in ("order", "limit", "offset"):
                rows.set(clause, select.args[clause].copy() if select.args.get(clause) else None)
        found.append((rows.sql(dialect="sqlite", identify=True, comments=False), by_name[source.this.name]))
    return found


def _evidence(connection: Connection, table: SqlTable, number: int) -> EvidenceRow:
    (row,) = tables.rows_of(connection, table.key, 1, number - 1)
    cells = {column.name: row[column.position] for column in table.columns}
    return EvidenceRow(table.document_id, table.document, table.name, number + 1, cells)
