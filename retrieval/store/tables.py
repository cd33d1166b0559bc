"""Rows of typed tables: what documents hold in tables, by column, for questions that need counting and comparing."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from sqlalchemy import Connection, delete, func, insert, literal, select

from retrieval.store.schema import documents, extracted_texts, table_catalogue, table_rows
from retrieval.types import Json

# Rows of one transaction: while a million are stored, others must get to write in between.
_BATCH = 5_000

_VISIBLE = (
    select(
        table_catalogue.c.key,
        table_catalogue.c.name,
        func.coalesce(func.nullif(table_catalogue.c.title, ""), documents.c.name),
        table_catalogue.c.columns,
        select(func.count())
        .select_from(table_rows)
        .where(table_rows.c.table_key == table_catalogue.c.key)
        .scalar_subquery(),
        documents.c.id,
        documents.c.name,
    )
    .join(documents, documents.c.active_revision == table_catalogue.c.revision_key)
    .order_by(table_catalogue.c.key)
)

# A row that waits to be stored: key of its table, its place there, its values
RowOfTable = tuple[int, int, Sequence[Json]]


@dataclass(frozen=True, slots=True)
class NewTable:
    """A table about to be stored; every row has one value a column."""

    name: str
    title: str  # empty: it is called after the file
    columns: Sequence[Mapping[str, Json]]  # name, header, type, unit, examples
    rows: Collection[Sequence[Json]]


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table in the catalogue."""

    key: int
    name: str
    title: str
    columns: Sequence[Mapping[str, Json]]
    row_count: int


@dataclass(frozen=True, slots=True)
class CollectionTable(StoredTable):
    """A table in the catalogue, and the document that it stands in."""

    document_id: str
    document: str


def replace(connection: Connection, revision_key: int, tables: Sequence[NewTable]) -> Sequence[int]:
    """Stores the tables of a revision, still without rows, in place of any it had; gives their keys."""
    connection.execute(delete(table_catalogue).where(table_catalogue.c.revision_key == revision_key))
    return [
        connection.execute(
            insert(table_catalogue)
            .values(
                revision_key=revision_key,
                name=table.name,
                title=table.title,
                columns=[dict(column) for column in table.columns],
            )
            .returning(table_catalogue.c.key)
        ).scalar_one()
        for table in tables
    ]


def row_batches(keys: Sequence[int], tables: Sequence[NewTable]) -> Iterator[Sequence[RowOfTable]]:
    """The rows of the tables, which got these keys, in pieces for one transaction each."""
    rows = chain.from_iterable(
        ((key, ordinal, cells) for ordinal, cells in enumerate(table.rows))
        for key, table in zip(keys, tables, strict=True)
    )
    while batch := list(islice(rows, _BATCH)):
        yield batch


def add_rows(connection: Connection, rows: Iterable[RowOfTable]) -> None:
    """Stores rows of tables that are in the catalogue."""
    values = [{"table_key": key, "ordinal": ordinal, "cells": list(cells)} for key, ordinal, cells in rows]
    connection.execute(insert(table_rows), values)


def copy(connection: Connection, source: int, target: int, names: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """Gives the target revision the tables of the source; `names` makes their names from their titles."""
    found = connection.execute(
        select(table_catalogue).where(table_catalogue.c.revision_key == source).order_by(table_catalogue.c.key)
    ).all()
    named = names([row.title for row in found])
    tables = [NewTable(name, row.title, row.columns, ()) for name, row in zip(named, found, strict=True)]
    for key, row in zip(replace(connection, target, tables), found, strict=True):
        rows = select(literal(key), table_rows.c.ordinal, table_rows.c.cells).where(table_rows.c.table_key == row.key)
        connection.execute(insert(table_rows).from_select(["table_key", "ordinal", "cells"], rows))


def of_document(connection: Connection, document_id: str) -> Sequence[StoredTable]:
    """The tables of the document's visible revision, in the order in which they stand there."""
    rows = connection.execute(_VISIBLE.where(documents.c.id == document_id))
    return [StoredTable(*row[:-2]) for row in rows]


def of_collection(
    connection: Connection, collection: str, revision_keys: Collection[int] | None = None
) -> Sequence[CollectionTable]:
    """The tables of the collection's visible documents, oldest first; of these revisions only, if they are given."""
    statement = _VISIBLE.where(documents.c.collection == collection)
    if revision_keys is not None:
        statement = statement.where(table_catalogue.c.revision_key.in_(revision_keys))
    return [CollectionTable(*row) for row in connection.execute(statement)]


def rows_of(connection: Connection, table_key: int, limit: int, after: int = -1) -> Sequence[Sequence[Json]]:
    """The rows of a table in order, those whose ordinal is above `after`."""
    return connection.scalars(
        select(table_rows.c.cells)
        .where(table_rows.c.table_key == table_key, table_rows.c.ordinal > after)
        .order_by(table_rows.c.ordinal)
        .limit(limit)
    ).all()


def text_around(connection: Connection, table_key: int) -> str:
    """The extracted text of the document that the table stands in; empty if that is gone."""
    statement = (
        select(extracted_texts.c.text)
        .join(table_catalogue, table_catalogue.c.revision_key == extracted_texts.c.revision_key)
        .where(table_catalogue.c.key == table_key)
    )
    return connection.scalar(statement) or ""
