"""Conversations that the service keeps: what was asked and answered."""

from sqlalchemy import Column, Float, ForeignKey, String, Table, Text

from retrieval.store.schema.foundation import key, metadata, owned_by

conversations = Table(
    "conversations",
    metadata,
    key(),
    Column("id", String(100), nullable=False, unique=True),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

conversation_turns = Table(
    "conversation_turns",
    metadata,
    key(),
    owned_by("conversation_key", "conversations.key"),
    Column("request_id", String(36), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=True),  # null: a document that it was made of is gone
    Column("created_at", Float, nullable=False),
)

# The documents whose passages an answer was made of: who deletes one of them takes the answer back.
conversation_sources = Table(
    "conversation_sources",
    metadata,
    owned_by("turn_key", "conversation_turns.key", primary_key=True),
    owned_by("document_key", "documents.key", primary_key=True),
)
