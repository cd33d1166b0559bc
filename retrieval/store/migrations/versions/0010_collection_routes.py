"""Routes of collections: kinds of questions, by examples, and what each changes."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "collection_routes",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection"],
            ["collections.name"],
            name=op.f("fk_collection_routes_collection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_collection_routes")),
        sa.UniqueConstraint("collection", "name", name=op.f("uq_collection_routes_collection_name")),
    )
    op.create_index(op.f("ix_collection_routes_collection"), "collection_routes", ["collection"], unique=False)
