"""A tree over the documents of a collection; documents that have a tree are enriched again, for what it is made of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds digests of documents, and the nodes above them with what they stand on."""
    _add_digests()
    _add_nodes()
    _add_edges()
    for table, column in (
        ("document_digests", "revision_key"),
        ("digest_sentences", "revision_key"),
        ("collection_nodes", "collection"),
        ("collection_edges", "parent_key"),
        ("collection_edges", "child_key"),
        ("collection_edges", "revision_key"),
        ("collection_quotes", "node_key"),
        ("collection_quotes", "sentence_key"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    op.execute(
        "UPDATE revisions SET enrichment = 'waiting' WHERE enrichment = 'done' AND key IN ("
        "SELECT active_revision FROM documents JOIN collections ON collections.name = documents.collection "
        "WHERE CAST(settings AS TEXT) LIKE '%\"tree\"%')"
    )


def _add_digests() -> None:
    op.create_table(
        "document_digests",
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        _owner("document_digests", "revision_key", "revisions.key"),
        sa.PrimaryKeyConstraint("revision_key", name=op.f("pk_document_digests")),
    )
    op.create_table(
        "digest_sentences",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        _owner("digest_sentences", "revision_key", "document_digests.revision_key"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_digest_sentences")),
        sqlite_autoincrement=True,
    )


def _add_nodes() -> None:
    op.create_table(
        "collection_trees",
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("followed", sa.Integer(), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("drift", sa.JSON(), nullable=False),
        _owner("collection_trees", "collection", "collections.name"),
        sa.PrimaryKeyConstraint("collection", name=op.f("pk_collection_trees")),
    )
    op.create_table(
        "collection_nodes",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("quoted", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=True),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        _owner("collection_nodes", "collection", "collections.name"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_collection_nodes")),
        sqlite_autoincrement=True,
    )


def _add_edges() -> None:
    op.create_table(
        "collection_edges",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("parent_key", sa.Integer(), nullable=False),
        sa.Column("child_key", sa.Integer(), nullable=True),
        sa.Column("revision_key", sa.Integer(), nullable=True),
        _owner("collection_edges", "parent_key", "collection_nodes.key"),
        _owner("collection_edges", "child_key", "collection_nodes.key"),
        _owner("collection_edges", "revision_key", "revisions.key"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_collection_edges")),
    )
    op.create_table(
        "collection_quotes",
        sa.Column("node_key", sa.Integer(), nullable=False),
        sa.Column("sentence_key", sa.Integer(), nullable=False),
        _owner("collection_quotes", "node_key", "collection_nodes.key"),
        _owner("collection_quotes", "sentence_key", "digest_sentences.key"),
        sa.PrimaryKeyConstraint("node_key", "sentence_key", name=op.f("pk_collection_quotes")),
    )


def _owner(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
