"""Enrichment, trees, typed tables, and chunks that are found by their parts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the columns and tables; documents that are ready already wait for enrichment."""
    _add_columns()
    _create_table_rows()
    op.drop_table("tree_edges")  # nothing was ever written to it
    _create_trees()


def _add_columns() -> None:
    # Never in batch mode: on SQLite that copies and drops the table, and the cascade would empty every other one.
    for column in (
        sa.Column("quality", sa.Float(), nullable=True),
        sa.Column("enrichment", sa.String(length=16), nullable=False, server_default="waiting"),
        sa.Column("enrichment_stage", sa.String(length=16), nullable=True),
        sa.Column("enrichment_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("enrichment_total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("enrichment_detail", sa.Text(), nullable=True),
    ):
        op.add_column("revisions", column)
    op.create_index(op.f("ix_revisions_enrichment"), "revisions", ["enrichment"], unique=False)
    op.add_column("representations", sa.Column("text", sa.Text(), nullable=True))
    op.add_column("chunks", sa.Column("embedded", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("table_catalogue", sa.Column("title", sa.Text(), nullable=False, server_default=""))


def _create_table_rows() -> None:
    op.create_table(
        "table_rows",
        sa.Column("table_key", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["table_key"], ["table_catalogue.key"], name=op.f("fk_table_rows_table_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("table_key", "ordinal", name=op.f("pk_table_rows")),
    )
    op.create_index(op.f("ix_table_rows_table_key"), "table_rows", ["table_key"], unique=False)


def _create_trees() -> None:
    op.create_table(
        "tree_nodes",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_key"], ["revisions.key"], name=op.f("fk_tree_nodes_revision_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tree_nodes")),
        sa.UniqueConstraint("revision_key", "level", "ordinal", name=op.f("uq_tree_nodes_revision_key_level_ordinal")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tree_nodes_revision_key"), "tree_nodes", ["revision_key"], unique=False)
    op.create_table(
        "tree_edges",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("parent_key", sa.Integer(), nullable=False),
        sa.Column("child_key", sa.Integer(), nullable=True),
        sa.Column("chunk_key", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_key"], ["tree_nodes.key"], name=op.f("fk_tree_edges_parent_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["child_key"], ["tree_nodes.key"], name=op.f("fk_tree_edges_child_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["chunk_key"], ["chunks.key"], name=op.f("fk_tree_edges_chunk_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tree_edges")),
    )
    op.create_index(op.f("ix_tree_edges_parent_key"), "tree_edges", ["parent_key"], unique=False)
    op.create_index(op.f("ix_tree_edges_child_key"), "tree_edges", ["child_key"], unique=False)
    op.create_index(op.f("ix_tree_edges_chunk_key"), "tree_edges", ["chunk_key"], unique=False)
