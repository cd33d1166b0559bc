"""Questions to tables: what share gets the right rows, how often none is written, and what hostile statements can do.

The questions over the sample documents are our own (`bench/questions/sql.jsonl`): two thirds to work with, a third
held out. Those of a folder are published ones: in `text2sql` `*.sqlite` with `*.jsonl` beside it (text2sql-data), in
`tables` `wikitablequestions.tar.gz`. A statement is right if its rows are those of
the reference, in any order; it may show two columns more.
"""

import csv
import io
import json
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from itertools import permutations
from pathlib import Path

from app.settings import Settings
from bench import meanings
from bench.examples import DOCUMENTS
from bench.hostile_statements import CREATED, SECRET, STOCK, hostile
from bench.report import Report, Row, bootstrap
from ingest.parsing.detect import detect_media_type
from ingest.parsing.sandbox import ParserSandbox
from ingest.tables.columns import observe, type_cells
from ingest.tables.names import identifiers
from retrieval.construction.sql_child import Task
from retrieval.construction.sql_child import run as run_in_child
from retrieval.construction.sql_generation import Written, write
from retrieval.construction.sql_guard import checked
from retrieval.construction.sql_schema import SqlColumn, SqlTable, named
from retrieval.construction.table_profiles import TableProfile, profile
from retrieval.embedding import SentenceEmbedder
from retrieval.errors import DocumentRejected, InvalidRequest
from retrieval.store.tables import CollectionTable
from retrieval.types import Embedder, Json

QUESTIONS = Path("bench/questions/sql.jsonl")
HOSTILE = 2_000
TODAY = date(2026, 11, 22)
_PUBLISHED = ("geography", "restaurants")
_WIKI_QUESTIONS = 300
_EXTRA_COLUMNS = 2
_SECONDS = 0.5


TableRows = tuple[SqlTable, Sequence[Sequence[Json]]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a question."""

    kind: str
    part: str
    is_written: bool
    is_right: bool


def run(settings: Settings, data: Path | None) -> Report:
    """Execution accuracy on our own questions and on published ones, and the outcome of hostile statements."""
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    rows = [*_hostile_rows()]
    tables = sample_tables()
    known = [profile(table, cells) for table, cells in tables]
    with closing(copied(tables)) as copy:
        rows += _accuracy([_judge(entry, known, copy, embedder) for entry in questions()])
    rows += meanings.rows(tables, embedder)
    if data is not None:
        for name in _PUBLISHED:
            rows += _published(data / "text2sql", name, embedder)
        rows += _wiki(data / "tables" / "wikitablequestions.tar.gz", embedder)
    return Report("sql", {"embedder": settings.embedding_model, "hostile statements": HOSTILE}, rows, plotted=["right"])


def sample_tables() -> Sequence[TableRows]:
    """The tables of the sample documents, read as ingest reads them."""
    paths = sorted(DOCUMENTS.iterdir())
    with ParserSandbox() as sandbox:
        parsed = sandbox.parse_all([(path, detect_media_type(path.name, path.read_bytes()[:8192])) for path in paths])
    found: list[CollectionTable] = []
    cells: list[Sequence[Sequence[Json]]] = []
    for path, document in zip(paths, parsed, strict=True):
        if isinstance(document, DocumentRejected):
            raise document
        names = identifiers([table.title for table in document.tables], "table")
        for name, table in zip(names, document.tables, strict=True):
            columns = [asdict(column) for column in table.columns]
            title = table.title or path.name
            found.append(CollectionTable(len(found), name, title, columns, len(table.rows), path.name, path.name))
            cells.append(list(table.rows))
    return list(zip(named(found), cells, strict=True))


def copied(tables: Sequence[TableRows]) -> sqlite3.Connection:
    """The tables in a database of their own."""
    copy = sqlite3.connect(":memory:")
    for table, rows in tables:
        described = ", ".join(f'"{column.name}" {column.sql_type}' for column in table.columns)
        copy.execute(f'CREATE TABLE "{table.name}" ({described})')
        copy.executemany(f'INSERT INTO "{table.name}" VALUES ({", ".join("?" * len(table.columns))})', rows)
    return copy


def questions() -> Sequence[Json]:
    """Our own questions, with their reference statements."""
    return [json.loads(line) for line in QUESTIONS.read_text().splitlines()]


def _judge(entry: Json, known: Sequence[TableProfile], copy: sqlite3.Connection, embedder: Embedder) -> Judged:
    written = write(entry["question"], known, embedder, TODAY)
    is_written = isinstance(written, Written)
    if "sql" not in entry:
        return Judged(entry["kind"], entry["part"], is_written, not is_written)
    wanted = expected(entry, [item.table for item in known], copy)
    is_right = isinstance(written, Written) and same(wanted, rows_of(copy, written.sql))
    return Judged(entry["kind"], entry["part"], is_written, is_right)


def expected(entry: Json, known: Sequence[SqlTable], copy: sqlite3.Connection) -> Sequence[Sequence[Json]]:
    """The rows of the reference; it calls its table `t`, which is the first of that title whose columns it names."""
    for table in known:
        if (table.document, table.title) == (entry["document"], entry["table"]):
            copy.execute("DROP VIEW IF EXISTS t")
            copy.execute(f'CREATE TEMP VIEW t AS SELECT * FROM "{table.name}"')
            try:
                return copy.execute(entry["sql"]).fetchall()
            except sqlite3.OperationalError:  # the next table of that title has these columns
                continue
    raise ValueError(f"no table of the sample documents fits: {entry}")


def rows_of(copy: sqlite3.Connection, sql: str) -> Sequence[Sequence[Json]]:
    """What the statement gives."""
    return copy.execute(sql).fetchall()


def same(expected: Sequence[Sequence[Json]], found: Sequence[Sequence[Json]]) -> bool:
    """Whether the rows are the same in any order, once columns that nobody asked for are left out."""
    if len(expected) != len(found):
        return False
    if not expected:
        return True
    width, shown = len(expected[0]), len(found[0])
    wanted = sorted(_plain(row) for row in expected)
    return width <= shown <= width + _EXTRA_COLUMNS and any(
        sorted(_plain([row[place] for place in places]) for row in found) == wanted
        for places in permutations(range(shown), width)
    )


def _plain(row: Sequence[Json]) -> str:
    return str([round(float(value), 4) if isinstance(value, int | float) else value for value in row])


def _accuracy(judged: Sequence[Judged]) -> Iterator[Row]:
    for part in dict.fromkeys(item.part for item in judged):
        answered = [item for item in judged if item.part == part and item.kind != "none"]
        yield bootstrap("templates", part, "right", [item.is_right for item in answered])
        yield Row("templates", part, "wrong", _share([item.is_written and not item.is_right for item in answered]))
        none = [item for item in judged if item.part == part and item.kind == "none"]
        yield Row("templates", part, "no statement where none is due", _share([item.is_right for item in none]))
        yield Row("templates", part, "questions", len(answered))
    for kind in dict.fromkeys(item.kind for item in judged):
        yield Row(
            "templates", "both parts, by kind", kind, _share([item.is_right for item in judged if item.kind == kind])
        )


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _hostile_rows() -> Iterator[Row]:
    """What the guard lets through of the hostile statements, and what they can do where there is no guard."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in CREATED:
            connection.execute(statement)
        connection.commit()
        database = connection.serialize()
    passed = leaked = changed = 0
    readable = {STOCK.name: [column.name for column in STOCK.columns]}
    for statement in hostile(HOSTILE):
        try:
            checked(statement, [STOCK])
            passed += 1
        except InvalidRequest:
            pass
        task = Task((statement, "SELECT count(*), sum(quantity) FROM stock"), readable, _SECONDS, 100, 10_000, 0)
        outcome = run_in_child(database, task)
        leaked += SECRET in str(outcome)
        changed += "results" in outcome and outcome["results"][1]["rows"] != [[3, 32]]
    yield Row("guard", f"{HOSTILE:,} hostile statements", "let through", passed)
    yield Row("authorizer alone", f"{HOSTILE:,} hostile statements", "read the secret", leaked)
    yield Row("authorizer alone", f"{HOSTILE:,} hostile statements", "changed a table", changed)


def _published(data: Path, name: str, embedder: Embedder) -> Iterator[Row]:
    """A published set: its questions once each, and its reference statements as good ones for the guard."""
    with closing(sqlite3.connect(f"file:{data / name}.sqlite?mode=ro", uri=True)) as connection:
        found = list(sqlite_tables(connection))
        known = [profile(table, rows_of(connection, f'SELECT * FROM "{table.name}"')) for table in found]
        judged = []
        path = data / f"{name}.jsonl"
        refused = [_is_refused(entry["sql"], found) for entry in _good(path)]
        for question, reference in published_questions(path).items():
            written = write(question, known, embedder, TODAY)
            right = isinstance(written, Written) and same(
                rows_of(connection, reference), rows_of(connection, written.sql)
            )
            judged.append(Judged(name, name, isinstance(written, Written), right))
    yield bootstrap("templates", name, "right", [item.is_right for item in judged])
    yield Row("templates", name, "wrong", _share([item.is_written and not item.is_right for item in judged]))
    yield Row("templates", name, "questions", len(judged))
    yield Row("guard", name, "good statements refused", _share(refused))


def published_questions(path: Path) -> Mapping[str, str]:
    """The questions of a published set once each, with the first of their reference statements."""
    return {entry["question"]: entry["sql"] for entry in reversed(list(_good(path)))}


def _good(path: Path) -> Iterator[Json]:
    """The entries whose reference statement runs."""
    return (entry for entry in map(json.loads, path.read_text().splitlines()) if entry["executes"])


def _is_refused(sql: str, found: Sequence[SqlTable]) -> bool:
    try:
        checked(sql, found)
    except InvalidRequest:
        return True
    return False


def sqlite_tables(connection: sqlite3.Connection) -> Iterator[SqlTable]:
    """The tables of a published database."""
    kinds = {"int": "integer", "double": "real", "decimal": "real"}
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for key, name in enumerate(names):
        described = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
        columns = tuple(
            SqlColumn(column[1], column[1], kinds.get(column[2].partition("(")[0].lower(), "text"), None, place)
            for place, column in enumerate(described)
        )
        (count,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        yield SqlTable(name, key, name, name, name, columns, count)


def _wiki(path: Path, embedder: Embedder) -> Iterator[Row]:
    """A sample of WikiTableQuestions, each asked of its own table; right if its rows hold just the answers."""
    right, written_count = [], 0
    with tarfile.open(path) as archive:
        for question, context, answers in wiki_questions(archive, "random-split-1-dev", _WIKI_QUESTIONS):
            table = wiki_table(archive, context)
            written = write(question, [profile(*table)], embedder, TODAY)
            if not isinstance(written, Written):
                right.append(False)
                continue
            written_count += 1
            with closing(copied([table])) as copy:
                right.append(has_answers(rows_of(copy, written.sql), answers))
    yield bootstrap("templates", "WikiTableQuestions, sample", "right", right)
    yield Row("templates", "WikiTableQuestions, sample", "wrong", (written_count - sum(right)) / len(right))
    yield Row("templates", "WikiTableQuestions, sample", "questions", len(right))


def wiki_questions(archive: tarfile.TarFile, split: str, count: int) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Questions of a split, spread over it, by table: the question, its table, its answers."""
    lines = _member(archive, f"data/{split}.tsv").splitlines()[1:]
    entries = [line.split("\t") for line in lines[:: max(1, len(lines) // count)][:count]]
    for _, question, context, target in sorted(entries, key=lambda entry: entry[2]):
        yield question, context, target.split("|")


def _member(archive: tarfile.TarFile, name: str) -> str:
    file = archive.extractfile(name)
    assert file is not None
    return file.read().decode()


def wiki_table(archive: tarfile.TarFile, name: str) -> TableRows:
    """The table typed as ingest would."""
    header, *rows = list(csv.reader(io.StringIO(_member(archive, name)), escapechar="\\", doublequote=False))
    width = len(header)
    cells = [[row[place] if place < len(row) else "" for row in rows] for place in range(width)]
    typed = [type_cells(name, column, observe(column)) for name, column in zip(header, cells, strict=True)]
    columns = tuple(
        SqlColumn(name, header[place], typed[place].type, typed[place].unit, place)
        for place, name in enumerate(identifiers(header, "column"))
    )
    values = list(zip(*[column.values for column in typed], strict=True))
    return SqlTable("t", 1, "", "", "", columns, len(values)), values


def has_answers(found: Sequence[Sequence[Json]], expected: Sequence[str]) -> bool:
    """Whether the first column of the rows, or the one with their figure, holds the expected answers."""
    wanted = sorted(map(_answer, expected))
    return any(sorted(_answer(row[place]) for row in found) == wanted for place in range(len(found[0]) if found else 0))


def _answer(value: Json) -> str:
    try:
        return str(round(float(str(value).replace(",", "")), 4))
    except ValueError:
        return str(value).strip().casefold()
