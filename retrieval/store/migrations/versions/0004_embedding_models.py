"""Which embedding model answers, and vectors of several models side by side."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the models, with the one that most vectors come from as the one that answers; moves vectors of trees."""
    models = op.create_table(
        "embedding_models",
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("progress_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("progress_total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("parity", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_embedding_models")),
        sa.UniqueConstraint("role", name=op.f("uq_embedding_models_role")),
    )
    most = "SELECT model_id FROM representations GROUP BY model_id ORDER BY count(*) DESC LIMIT 1"
    if model_id := op.get_bind().scalar(sa.text(most)):
        row = {"model_id": model_id, "name": model_id.partition("@")[0], "role": "active"}
        op.bulk_insert(models, [row])
    _move_vectors_of_nodes()
    op.drop_column("collections", "active_generation")  # the newest of the model that answers is the active one


def _move_vectors_of_nodes() -> None:
    op.create_table(
        "node_vectors",
        sa.Column("node_key", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_key"], ["tree_nodes.key"], name=op.f("fk_node_vectors_node_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("node_key", "model_id", name=op.f("pk_node_vectors")),
    )
    op.create_index(op.f("ix_node_vectors_node_key"), "node_vectors", ["node_key"], unique=False)
    op.execute("INSERT INTO node_vectors (node_key, model_id, vector) SELECT key, model_id, vector FROM tree_nodes")
    # Not in batch mode, which would drop the table and, by the cascade, every edge.
    op.drop_column("tree_nodes", "vector")
    op.drop_column("tree_nodes", "model_id")
