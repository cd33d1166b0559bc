"""Passages from the rows that a statement gave: readable by people and models, and citable where the rows stand.

A result that is one row of a table points at that row, word for word; a number that was calculated points at the table,
and its statement says how. Rows that a longer list stands on follow it as passages of their own.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlglot import exp

from retrieval.construction.sql_schema import SqlColumn, SqlTable
from retrieval.construction.table_places import Place, place_of_row, place_of_table
from retrieval.construction.table_questions import TableAnswer
from retrieval.store import chunks, tables
from retrieval.types import Chunk, Computed, Hit, Json

_NAMESPACE = uuid.UUID("6f1b1f0e-1f4a-5c38-9a35-0b8a2f4f2f51")
_SHOWN_ROWS = 20
_LONGEST = 1_000  # characters of a passage: about what a chunk has
# Rows that follow a list, each as a passage; more of them would push out what other sources found.
_FOLLOWING_ROWS = 3
_ENGLISH: Mapping[str, str] = {
    "Count": "Number",
    "Distinct": "Number of different {}",
    "Sum": "Total {}",
    "Avg": "Average {}",
    "Max": "Highest {}",
    "Min": "Lowest {}",
    "latest": "Latest {}",
    "earliest": "Earliest {}",
    "ratio": "Ratio",
    "percentage": "Percentage",
    "difference": "Difference",
    "nothing": "no row",
    "more": "and more",
}
_CHINESE: Mapping[str, str] = {
    "Count": "数量",
    "Distinct": "不同{}的数量",
    "Sum": "{}合计",
    "Avg": "平均{}",
    "Max": "最高{}",
    "Min": "最低{}",
    "latest": "最晚{}",
    "earliest": "最早{}",
    "ratio": "比值",
    "percentage": "百分比",
    "difference": "差",
    "nothing": "没有行",
    "more": "等等",
}
_SIGNS: Mapping[type[exp.Expr], str] = {
    exp.GT: ">",
    exp.GTE: "≥",
    exp.LT: "<",
    exp.LTE: "≤",
    exp.NEQ: "≠",
}


@dataclass(frozen=True, slots=True)
class _Stand:
    """The table that passages point at, with the text of its document."""

    connection: Connection
    table: SqlTable
    text: str
    words: Mapping[str, str]


def passages(connection: Connection, question: str, answer: TableAnswer, score: float, is_sure: bool) -> Sequence[Hit]:
    """The result as a passage, and after a list or a calculation the rows it stands on, if they are few."""
    if answer.result is None or answer.tree is None or not answer.tables:
        return ()
    table = answer.tables[0]
    stand = _Stand(connection, table, tables.text_around(connection, table.key), _wording(question))
    said = _said(answer, stand)
    rows = answer.evidence
    only = rows[0].row if len(rows) == 1 and len(answer.result.rows) == 1 else None
    found = [_hit(stand, answer, said, only, score, is_sure)]
    if only is None and len(rows) <= _FOLLOWING_ROWS:
        found += [_hit(stand, answer, _row_text(stand, row.cells), row.row, score, False) for row in rows]
    return found


def _hit(  # noqa: PLR0913, PLR0917 - what a passage is made of
    stand: _Stand, answer: TableAnswer, text: str, row: int | None, score: float, is_sure: bool
) -> Hit:
    """A passage about the row of that number (from 1), or about the table."""
    place = _place(stand, row)
    chunk = chunks.at(stand.connection, stand.table.document_id, place.start) if place else None
    identity = f"{stand.table.document_id} {stand.table.name} {answer.sql} {row} {text}"
    quote = stand.text[place.start : place.end] if place and row is not None else None
    key = uuid.uuid5(_NAMESPACE, identity)
    return Hit(
        Chunk(
            key=-(key.int % 2**62) - 1,  # below those of chunks, and the same for the same
            id=str(key),
            document_id=stand.table.document_id,
            document=stand.table.document,
            text=text,
            start=place.start if place else 0,
            end=place.end if place else 0,
            page=chunk.page if chunk else None,
            headings=chunk.headings if chunk else (),
            level=0,
        ),
        score,
        {"tables_score": round(score, 4)},
        computed=Computed(answer.sql or "", is_sure, quote),
    )


def _place(stand: _Stand, row: int | None) -> Place | None:
    """Where the row stands, or else its table."""
    if row is not None:
        for cells in tables.rows_of(stand.connection, stand.table.key, 1, row - 2):
            if found := place_of_row(stand.text, stand.table, cells):
                return found
    return place_of_table(stand.connection, stand.text, stand.table)


def _said(answer: TableAnswer, stand: _Stand) -> str:
    """The result in words: what each figure is, and the conditions under which it holds."""
    assert answer.result is not None
    assert isinstance(answer.tree, exp.Query)
    named = [_label(item, stand) for item in answer.tree.selects]
    shown: list[str] = []
    for row in answer.result.rows[:_SHOWN_ROWS]:
        pairs = zip(named, row, strict=True)
        shown.append(", ".join(f"{label}: {_cell(value, column)}" for (label, column), value in pairs))
    if len(answer.result.rows) > _SHOWN_ROWS or answer.result.cut:
        shown.append(stand.words["more"])
    text = _cut("; ".join(shown) or stand.words["nothing"])
    conditions = ", ".join(_conditions(answer.tree, stand))
    return f"{text} ({conditions})" if conditions else text


def _row_text(stand: _Stand, cells: Mapping[str, Json]) -> str:
    return _cut(
        ", ".join(
            f"{_header(column)}: {_cell(cells[column.name], column)}"
            for column in stand.table.columns
            if cells.get(column.name) is not None
        )
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _label(item: exp.Expr, stand: _Stand) -> tuple[str, SqlColumn | None]:
    """What a column of the result is called, and the column of the table whose unit it has."""
    inner = item.unalias()
    column = next((stand.table.column(found.name) for found in inner.find_all(exp.Column)), None)
    words, header = stand.words, _header(column) if column else ""
    if isinstance(inner, exp.Column) and column is not None:
        return header, column
    if isinstance(inner, exp.Count):
        return (words["Distinct"].format(header) if inner.find(exp.Distinct) else words["Count"]), None
    kind = type(inner).__name__
    if column is not None and kind in words:
        if column.type == "date" and kind in {"Max", "Min"}:
            kind = "latest" if kind == "Max" else "earliest"
        return words[kind].format(header), column
    return words.get(item.alias, item.alias or header), column if item.alias == "difference" else None


def _header(column: SqlColumn) -> str:
    return (column.header or column.name).replace("_", " ").strip()


def _cell(value: Json, column: SqlColumn | None) -> str:
    if value is None:
        return "–"
    number = f"{round(value, 4):,}".removesuffix(".0") if isinstance(value, float) else str(value)
    unit = column.unit if column is not None else None
    return f"{number} {unit}" if unit and column is not None and unit not in _header(column) else number


def _conditions(tree: exp.Expr, stand: _Stand) -> Iterator[str]:
    """The conditions of the first SELECT, each in a few words; what is no plain comparison is left to the statement."""
    where = tree.find(exp.Where)
    if where is None:
        return
    for part in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        condition = part.unnest()
        column = stand.table.column(condition.this.name) if isinstance(condition.this, exp.Column) else None
        if column is None:
            continue
        if isinstance(condition, exp.In):
            yield f"{_header(column)}: {', '.join(item.name for item in condition.expressions)}"
        elif isinstance(condition, exp.EQ):
            yield f"{_header(column)}: {condition.expression.name}"
        elif type(condition) in _SIGNS:
            yield f"{_header(column)} {_SIGNS[type(condition)]} {condition.expression.name}"


def _wording(question: str) -> Mapping[str, str]:
    """The words in the question's language: Chinese where it has any of its characters."""
    return _CHINESE if any("\u3400" <= character <= "\u9fff" for character in question) else _ENGLISH
