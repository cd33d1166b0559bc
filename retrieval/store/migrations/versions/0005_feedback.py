"""What was shown, what people made of it, and rankers that were trained from it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the tables; the first form of `feedback` was never written to."""
    op.drop_table("feedback")
    _create_impressions()
    _create_feedback()
    _create_ranker_versions()


def _create_impressions() -> None:
    op.create_table(
        "impressions",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("ranker", sa.String(length=100), nullable=False),
        sa.Column("feature_names", sa.Text(), nullable=False),
        sa.Column("explored", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection"], ["collections.name"], name=op.f("fk_impressions_collection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_impressions")),
        sa.UniqueConstraint("request_id", name=op.f("uq_impressions_request_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_impressions_collection"), "impressions", ["collection"], unique=False)
    op.create_table(
        "impression_hits",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("impression_key", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("chunk_key", sa.Integer(), nullable=False),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["impression_key"],
            ["impressions.key"],
            name=op.f("fk_impression_hits_impression_key"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["chunk_key"], ["chunks.key"], name=op.f("fk_impression_hits_chunk_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_impression_hits")),
        sa.UniqueConstraint("impression_key", "position", name=op.f("uq_impression_hits_impression_key_position")),
    )
    for column in ("impression_key", "chunk_key"):
        op.create_index(op.f(f"ix_impression_hits_{column}"), "impression_hits", [column], unique=False)


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("impression_key", sa.Integer(), nullable=False),
        sa.Column("hit_key", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["impression_key"], ["impressions.key"], name=op.f("fk_feedback_impression_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["hit_key"], ["impression_hits.key"], name=op.f("fk_feedback_hit_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "impression_key", "position", "value", name=op.f("uq_feedback_impression_key_position_value")
        ),
    )
    for column in ("impression_key", "hit_key"):
        op.create_index(op.f(f"ix_feedback_{column}"), "feedback", [column], unique=False)


def _create_ranker_versions() -> None:
    op.create_table(
        "ranker_versions",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("embedder", sa.String(length=200), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("is_accepted", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("replaced", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection"], ["collections.name"], name=op.f("fk_ranker_versions_collection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ranker_versions")),
        sa.UniqueConstraint("collection", "number", name=op.f("uq_ranker_versions_collection_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ranker_versions_collection"), "ranker_versions", ["collection"], unique=False)
