"""Token vectors of chunks, for late interaction."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the table; nothing fills it before a collection asks for it."""
    op.create_table(
        "token_vectors",
        sa.Column("chunk_key", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("codes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chunk_key"], ["chunks.key"], name=op.f("fk_token_vectors_chunk_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chunk_key", name=op.f("pk_token_vectors")),
    )
    op.create_index(op.f("ix_token_vectors_chunk_key"), "token_vectors", ["chunk_key"], unique=False)
