"""Conversations: what was asked and answered, and the documents that answers were made of."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "conversations",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        _owner("conversations", "collection", "collections.name"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversations")),
        sa.UniqueConstraint("id", name=op.f("uq_conversations_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "conversation_turns",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("conversation_key", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        _owner("conversation_turns", "conversation_key", "conversations.key"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversation_turns")),
    )
    op.create_table(
        "conversation_sources",
        sa.Column("turn_key", sa.Integer(), nullable=False),
        sa.Column("document_key", sa.Integer(), nullable=False),
        _owner("conversation_sources", "turn_key", "conversation_turns.key"),
        _owner("conversation_sources", "document_key", "documents.key"),
        sa.PrimaryKeyConstraint("turn_key", "document_key", name=op.f("pk_conversation_sources")),
    )
    for table, column in (
        ("conversations", "collection"),
        ("conversation_turns", "conversation_key"),
        ("conversation_sources", "turn_key"),
        ("conversation_sources", "document_key"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _owner(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
