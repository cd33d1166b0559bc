"""Rows of conversations: bounded in length, and without answers made of documents that are gone."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from retrieval.errors import Conflict, NotFound
from retrieval.store.schema import conversation_sources, conversation_turns, conversations, documents
from retrieval.store.upsert import insert_unless_there

# The oldest turns go when there are more.
MAX_TURNS = 200


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation about the documents of one collection."""

    key: int
    id: str
    collection: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer; None where a document that the answer was made of is gone."""

    request_id: str
    question: str
    answer: str | None
    created_at: float


def ensure(connection: Connection, conversation_id: str, collection: str) -> Conversation:
    """The conversation, made if it is new. Raises `Conflict` if it is about another collection."""
    insert_unless_there(connection, conversations, id=conversation_id, collection=collection, created_at=time.time())
    found = get(connection, conversation_id)
    if found.collection != collection:
        raise Conflict(f"This conversation is about the collection '{found.collection}'; begin another one.")
    return found


def get(connection: Connection, conversation_id: str) -> Conversation:
    """The conversation; raises `NotFound`."""
    statement = select(conversations).where(conversations.c.id == conversation_id)
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound("There is no such conversation; it may have been deleted.")
    return _conversation(row)


def list_page(connection: Connection, collection: str | None, limit: int, before: int | None) -> Sequence[Conversation]:
    """Conversations, newest first, those whose key is below `before`."""
    statement = select(conversations).order_by(conversations.c.key.desc()).limit(limit)
    if collection is not None:
        statement = statement.where(conversations.c.collection == collection)
    if before is not None:
        statement = statement.where(conversations.c.key < before)
    return [_conversation(row) for row in connection.execute(statement).mappings()]


def latest(connection: Connection, key: int, count: int) -> Sequence[Turn]:
    """The latest turns, oldest first."""
    statement = (
        select(conversation_turns)
        .where(conversation_turns.c.conversation_key == key)
        .order_by(conversation_turns.c.key.desc())
        .limit(count)
    )
    rows = connection.execute(statement).mappings().all()
    return [Turn(row["request_id"], row["question"], row["answer"], row["created_at"]) for row in reversed(rows)]


def first_questions(connection: Connection, keys: Sequence[int]) -> Mapping[int, str]:
    """The oldest question that is kept of each of the conversations; those without any are missing."""
    oldest = (
        select(func.min(conversation_turns.c.key))
        .where(conversation_turns.c.conversation_key.in_(keys))
        .group_by(conversation_turns.c.conversation_key)
    )
    columns = conversation_turns.c.conversation_key, conversation_turns.c.question
    rows = connection.execute(select(*columns).where(conversation_turns.c.key.in_(oldest)))
    return {row.conversation_key: row.question for row in rows}


def add(connection: Connection, conversation_id: str, turn: Turn, document_ids: Iterable[str]) -> None:
    """Appends a turn whose answer was made of these documents; does nothing if the conversation was deleted meanwhile.

    If one of the documents was deleted meanwhile, the answer is not kept.
    """
    key = connection.scalar(select(conversations.c.key).where(conversations.c.id == conversation_id))
    if key is None:
        return
    wanted = set(document_ids)
    found = connection.scalars(select(documents.c.key).where(documents.c.id.in_(wanted))).all()
    values = {
        "conversation_key": key,
        "request_id": turn.request_id,
        "question": turn.question,
        "answer": turn.answer if len(found) == len(wanted) else None,
        "created_at": turn.created_at,
    }
    (turn_key,) = connection.execute(insert(conversation_turns).values(**values)).inserted_primary_key or (0,)
    if found:
        sources = [{"turn_key": turn_key, "document_key": document} for document in found]
        connection.execute(insert(conversation_sources), sources)
    _forget_oldest(connection, key)


def withdraw(connection: Connection, document_key: int) -> None:
    """Takes back the answers that were made of a document."""
    made_of_it = select(conversation_sources.c.turn_key).where(conversation_sources.c.document_key == document_key)
    connection.execute(update(conversation_turns).where(conversation_turns.c.key.in_(made_of_it)).values(answer=None))


def remove(connection: Connection, conversation_id: str) -> None:
    """Deletes the conversation; raises `NotFound`."""
    found = get(connection, conversation_id)
    connection.execute(delete(conversations).where(conversations.c.key == found.key))


def _forget_oldest(connection: Connection, key: int) -> None:
    own = conversation_turns.c.conversation_key == key
    newest = select(conversation_turns.c.key).where(own).order_by(conversation_turns.c.key.desc())
    oldest_kept = connection.scalar(newest.offset(MAX_TURNS - 1).limit(1))
    if oldest_kept is not None:
        connection.execute(delete(conversation_turns).where(own, conversation_turns.c.key < oldest_kept))


def _conversation(row: RowMapping) -> Conversation:
    return Conversation(row["key"], row["id"], row["collection"], row["created_at"])
