"""The property graph: what chunks name, how it hangs together, and which documents were read for it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Puts tables with provenance in place of two that nothing ever filled."""
    op.drop_table("graph_edges")
    op.drop_table("graph_nodes")
    op.create_table(
        "graph_nodes",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("normal", sa.String(length=200), nullable=False),
        _owner("graph_nodes", "collection", "collections.name"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_graph_nodes")),
        sa.UniqueConstraint("collection", "normal", name=op.f("uq_graph_nodes_collection_normal")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "graph_mentions",
        sa.Column("node_key", sa.Integer(), nullable=False),
        sa.Column("chunk_key", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        _owner("graph_mentions", "node_key", "graph_nodes.key"),
        _owner("graph_mentions", "chunk_key", "chunks.key"),
        sa.PrimaryKeyConstraint("node_key", "chunk_key", "name", name=op.f("pk_graph_mentions")),
    )
    op.create_table(
        "graph_edges",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("target_key", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=80), nullable=False),
        *_place("graph_edges"),
        _owner("graph_edges", "source_key", "graph_nodes.key"),
        _owner("graph_edges", "target_key", "graph_nodes.key"),
    )
    _create_values()
    _create_indexes()


def _create_values() -> None:
    op.create_table(
        "graph_values",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("node_key", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        *_place("graph_values"),
        _owner("graph_values", "node_key", "graph_nodes.key"),
    )
    op.create_table(
        "graph_documents",
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        _owner("graph_documents", "revision_key", "revisions.key"),
        sa.PrimaryKeyConstraint("revision_key", name=op.f("pk_graph_documents")),
    )


def _create_indexes() -> None:
    for table, columns in (
        ("graph_mentions", ("node_key", "chunk_key")),
        ("graph_edges", ("source_key", "target_key", "chunk_key")),
        ("graph_values", ("node_key", "chunk_key")),
        ("graph_documents", ("revision_key",)),
    ):
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _place(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """The chunk that says so, and where."""
    return (
        sa.Column("chunk_key", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        _owner(table, "chunk_key", "chunks.key"),
        sa.PrimaryKeyConstraint("key", name=op.f(f"pk_{table}")),
    )


def _owner(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
