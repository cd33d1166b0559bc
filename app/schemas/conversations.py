"""What goes over HTTP about conversations."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.fields import CollectionName, Strict


class NewConversation(Strict):
    """A conversation to begin."""

    collection: CollectionName = "default"


class ConversationDetails(BaseModel):
    """A conversation."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    collection: str
    created_at: float


class ListedConversation(ConversationDetails):
    """A conversation of a list."""

    title: Annotated[str | None, Field(description="Its first question; null before anything was answered.")]


class TurnDetails(BaseModel):
    """A question and its answer."""

    model_config = ConfigDict(from_attributes=True)

    request_id: str
    question: str
    answer: Annotated[str | None, Field(description="Null: a document that it was made of has been deleted.")]
    created_at: float


class ConversationTurns(ConversationDetails):
    """A conversation with its turns, oldest first."""

    turns: Sequence[TurnDetails]


class ConversationPage(BaseModel):
    """A page of conversations, newest first; `next_cursor` is null at the end."""

    conversations: Sequence[ListedConversation]
    next_cursor: str | None
