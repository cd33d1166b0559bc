"""Rows of typed tables: what documents hold in tables, by column, for questions that need counting and comparing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from retrieval.store.schema import documents, table_catalogue, table_rows
from retrieval.types import Json

# Rows of one INSERT: a spreadsheet of a million rows must not become one statement.
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class NewTable:
    """A table about to be stored; every row has one value a column."""

    name: str
    title: str
    columns: Sequence[Mapping[str, Json]]  # name, header, type, unit, examples
    rows: Sequence[Sequence[Json]]


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table in the catalogue."""

    key: int
    name: str
    title: str
    columns: Sequence[Mapping[str, Json]]
    row_count: int


def replace(connection: Connection, revision_key: int, tables: Sequence[NewTable]) -> None:
    """Stores the tables of a revision in place of any it had."""
    connection.execute(delete(table_catalogue).where(table_catalogue.c.revision_key == revision_key))
    for table in tables:
        values = {"revision_key": revision_key, "name": table.name, "title": table.title}
        key = connection.execute(
            insert(table_catalogue)
            .values(**values, columns=[dict(column) for column in table.columns])
            .returning(table_catalogue.c.key)
        ).scalar_one()
        for start in range(0, len(table.rows), _BATCH):
            batch = enumerate(table.rows[start : start + _BATCH], start=start)
            connection.execute(
                insert(table_rows),
                [{"table_key": key, "ordinal": ordinal, "cells": list(cells)} for ordinal, cells in batch],
            )


def of_document(connection: Connection, document_id: str) -> Sequence[StoredTable]:
    """The tables of the document's visible revision, in the order in which they stand there."""
    row_count = (
        select(func.count()).select_from(table_rows).where(table_rows.c.table_key == table_catalogue.c.key)
    ).scalar_subquery()
    rows = connection.execute(
        select(
            table_catalogue.c.key, table_catalogue.c.name, table_catalogue.c.title, table_catalogue.c.columns, row_count
        )
        .join(documents, documents.c.active_revision == table_catalogue.c.revision_key)
        .where(documents.c.id == document_id)
        .order_by(table_catalogue.c.key)
    )
    return [StoredTable(*row) for row in rows]


def rows_of(connection: Connection, table_key: int, limit: int, after: int = -1) -> Sequence[Sequence[Json]]:
    """The rows of a table in order, those whose ordinal is above `after`."""
    return connection.scalars(
        select(table_rows.c.cells)
        .where(table_rows.c.table_key == table_key, table_rows.c.ordinal > after)
        .order_by(table_rows.c.ordinal)
        .limit(limit)
    ).all()
