"""Routes of conversations: begin, list, read, delete. Turns are added by asking."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.dependencies import Cursor, Limit, ServiceDep, decode_key_cursor, encode_cursor
from app.schemas.conversations import (
    ConversationDetails,
    ConversationPage,
    ConversationTurns,
    ListedConversation,
    NewConversation,
    TurnDetails,
)
from retrieval.store import collections, conversations

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

Id = Annotated[str, Path(max_length=100, description="A conversation's id.")]


@router.post("", status_code=201)
def begin_conversation(service: ServiceDep, wanted: NewConversation) -> ConversationDetails:
    """A new conversation about the documents of a collection."""
    with service.storage.database.write() as connection:
        collections.get(connection, wanted.collection)
        begun = conversations.ensure(connection, str(uuid.uuid4()), wanted.collection)
    return ConversationDetails.model_validate(begun)


@router.get("")
def list_conversations(
    service: ServiceDep,
    collection: Annotated[str | None, Query(max_length=64, description="Only those about this one.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> ConversationPage:
    """Conversations, newest first."""
    before = decode_key_cursor(cursor) if cursor is not None else None
    with service.storage.database.read() as connection:
        found = conversations.list_page(connection, collection, limit + 1, before)
        titles = conversations.first_questions(connection, [one.key for one in found[:limit]])
    listed = [
        ListedConversation(id=one.id, collection=one.collection, created_at=one.created_at, title=titles.get(one.key))
        for one in found[:limit]
    ]
    more = encode_cursor(str(found[limit - 1].key)) if len(found) > limit else None
    return ConversationPage(conversations=listed, next_cursor=more)


@router.get("/{conversation_id}")
def get_conversation(service: ServiceDep, conversation_id: Id) -> ConversationTurns:
    """A conversation with its turns, oldest first."""
    with service.storage.database.read() as connection:
        found = conversations.get(connection, conversation_id)
        turns = conversations.latest(connection, found.key, conversations.MAX_TURNS)
    return ConversationTurns(
        id=found.id,
        collection=found.collection,
        created_at=found.created_at,
        turns=[TurnDetails.model_validate(turn) for turn in turns],
    )


@router.delete("/{conversation_id}", status_code=204)
def delete_conversation(service: ServiceDep, conversation_id: Id) -> None:
    """Deletes a conversation and all that was said in it."""
    with service.storage.database.write() as connection:
        conversations.remove(connection, conversation_id)
