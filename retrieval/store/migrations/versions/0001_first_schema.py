"""First schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table."""
    _create_collections()
    _create_documents()
    _create_chunks()
    _create_graph()
    _create_feedback()


def _create_collections() -> None:
    """Tables of what belongs to a collection and to the service, but for its documents."""
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_changes_collection_number"), "changes", ["collection", "number"], unique=False)
    op.create_table(
        "collections",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("active_generation", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_collections")),
    )
    op.create_table(
        "generations",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.String(length=64), nullable=False),
        sa.Column("change_number", sa.Integer(), nullable=False),
        sa.Column("chunk_count", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection"], ["collections.name"], name=op.f("fk_generations_collection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_generations")),
        sa.UniqueConstraint("folder", name=op.f("uq_generations_folder")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_generations_collection"), "generations", ["collection"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("document_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("idempotency_key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "workers",
        sa.Column("executor_id", sa.String(length=64), nullable=False),
        sa.Column("process_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("heartbeat_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_workers")),
    )


def _create_documents() -> None:
    """Tables of documents, their revisions, and what is read from these."""
    op.create_table(
        "documents",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("latest_revision", sa.Integer(), nullable=True),
        sa.Column("active_revision", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection"], ["collections.name"], name=op.f("fk_documents_collection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_documents")),
        sa.UniqueConstraint("collection", "content_sha256", name=op.f("uq_documents_collection_content_sha256")),
        sa.UniqueConstraint("id", name=op.f("uq_documents_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_documents_collection"), "documents", ["collection"], unique=False)
    op.create_table(
        "metadata_values",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("document_key", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("number_value", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_key"], ["documents.key"], name=op.f("fk_metadata_values_document_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_metadata_values")),
    )
    op.create_index(
        op.f("ix_metadata_values_collection_field_number_value"),
        "metadata_values",
        ["collection", "field", "number_value"],
        unique=False,
    )
    op.create_index(
        op.f("ix_metadata_values_collection_field_text_value"),
        "metadata_values",
        ["collection", "field", "text_value"],
        unique=False,
    )
    op.create_index(op.f("ix_metadata_values_document_key"), "metadata_values", ["document_key"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("document_key", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("progress_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_key"], ["documents.key"], name=op.f("fk_revisions_document_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_revisions")),
        sa.UniqueConstraint("id", name=op.f("uq_revisions_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_revisions_content_sha256"), "revisions", ["content_sha256"], unique=False)
    op.create_index(op.f("ix_revisions_document_key"), "revisions", ["document_key"], unique=False)
    op.create_index(op.f("ix_revisions_status"), "revisions", ["status"], unique=False)
    op.create_table(
        "stage_cache",
        sa.Column("cache_key", sa.String(length=64), nullable=False),
        sa.Column("document_key", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_key"], ["documents.key"], name=op.f("fk_stage_cache_document_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cache_key", name=op.f("pk_stage_cache")),
    )
    op.create_index(op.f("ix_stage_cache_document_key"), "stage_cache", ["document_key"], unique=False)
    op.create_table(
        "extracted_texts",
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["revision_key"], ["revisions.key"], name=op.f("fk_extracted_texts_revision_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("revision_key", name=op.f("pk_extracted_texts")),
    )
    op.create_index(op.f("ix_extracted_texts_revision_key"), "extracted_texts", ["revision_key"], unique=False)
    op.create_table(
        "table_catalogue",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_key"], ["revisions.key"], name=op.f("fk_table_catalogue_revision_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_table_catalogue")),
    )
    op.create_index(op.f("ix_table_catalogue_revision_key"), "table_catalogue", ["revision_key"], unique=False)


def _create_chunks() -> None:
    """Tables of chunks, what stands for them, and the trees above them."""
    op.create_table(
        "chunks",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("revision_key", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_key"], ["revisions.key"], name=op.f("fk_chunks_revision_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_chunks")),
        sa.UniqueConstraint("id", name=op.f("uq_chunks_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_chunks_revision_key"), "chunks", ["revision_key"], unique=False)
    op.create_table(
        "representations",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("chunk_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chunk_key"], ["chunks.key"], name=op.f("fk_representations_chunk_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_representations")),
        sa.UniqueConstraint(
            "chunk_key",
            "kind",
            "model_id",
            "text_sha256",
            name=op.f("uq_representations_chunk_key_kind_model_id_text_sha256"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_representations_chunk_key"), "representations", ["chunk_key"], unique=False)
    op.create_index(
        op.f("ix_representations_text_sha256_model_id"), "representations", ["text_sha256", "model_id"], unique=False
    )
    op.create_table(
        "tree_edges",
        sa.Column("parent_chunk_key", sa.Integer(), nullable=False),
        sa.Column("child_chunk_key", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_chunk_key"], ["chunks.key"], name=op.f("fk_tree_edges_child_chunk_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_chunk_key"], ["chunks.key"], name=op.f("fk_tree_edges_parent_chunk_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("parent_chunk_key", "child_chunk_key", name=op.f("pk_tree_edges")),
    )
    op.create_index(op.f("ix_tree_edges_child_chunk_key"), "tree_edges", ["child_chunk_key"], unique=False)
    op.create_index(op.f("ix_tree_edges_parent_chunk_key"), "tree_edges", ["parent_chunk_key"], unique=False)


def _create_graph() -> None:
    """Tables of the graph."""
    op.create_table(
        "graph_nodes",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection"], ["collections.name"], name=op.f("fk_graph_nodes_collection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_graph_nodes")),
    )
    op.create_index(op.f("ix_graph_nodes_collection"), "graph_nodes", ["collection"], unique=False)
    op.create_table(
        "graph_edges",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("target_key", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=64), nullable=False),
        sa.Column("chunk_key", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chunk_key"], ["chunks.key"], name=op.f("fk_graph_edges_chunk_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_key"], ["graph_nodes.key"], name=op.f("fk_graph_edges_source_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_key"], ["graph_nodes.key"], name=op.f("fk_graph_edges_target_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_graph_edges")),
    )
    op.create_index(op.f("ix_graph_edges_chunk_key"), "graph_edges", ["chunk_key"], unique=False)
    op.create_index(op.f("ix_graph_edges_source_key"), "graph_edges", ["source_key"], unique=False)
    op.create_index(op.f("ix_graph_edges_target_key"), "graph_edges", ["target_key"], unique=False)


def _create_feedback() -> None:
    """Tables of judgements."""
    op.create_table(
        "feedback",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("chunk_id", sa.String(length=36), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["chunks.id"], name=op.f("fk_feedback_chunk_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_request_id"), "feedback", ["request_id"], unique=False)
