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
        sa.ForeignKeyConstraint(
            ["collection"], ["collections.name"], name=op.f("fk_conversations_collection"), ondelete="CASCADE"
        ),
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
        sa.ForeignKeyConstraint(
            ["conversation_key"],
            ["conversations.key"],
            name=op.f("fk_conversation_turns_conversation_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversation_turns")),
    )
    op.create_table(
        "conversation_sources",
        sa.Column("turn_key", sa.Integer(), nullable=False),
        sa.Column("document_key", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_key"],
            ["conversation_turns.key"],
            name=op.f("fk_conversation_sources_turn_key"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_key"],
            ["documents.key"],
            name=op.f("fk_conversation_sources_document_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("turn_key", "document_key", name=op.f("pk_conversation_sources")),
    )
    for table, column in (
        ("conversations", "collection"),
        ("conversation_turns", "conversation_key"),
        ("conversation_sources", "turn_key"),
        ("conversation_sources", "document_key"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
