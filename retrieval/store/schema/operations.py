"""How processes follow each other: the change log, index generations, models in use, workers, repeated requests."""

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from retrieval.store.schema.foundation import key, metadata

changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True),  # readers follow it
    Column("collection", String(64), nullable=False),
    Column("revision_key", Integer, nullable=False),  # no foreign key: a removal outlives its revision
    Column("kind", String(8), nullable=False),  # added, removed, ranker, tree, graph
    Index(None, "collection", "number"),
    sqlite_autoincrement=True,
)

# The newest of a collection and of the model that answers is the one that serves.
generations = Table(
    "generations",
    metadata,
    key(),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("folder", String(64), nullable=False, unique=True),
    Column("change_number", Integer, nullable=False),  # it holds everything up to this change
    Column("chunk_count", Integer, nullable=False),
    Column("model_id", String(200), nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

# Vectors of two models must never be compared: readers ask for those of the one model that is active.
embedding_models = Table(
    "embedding_models",
    metadata,
    Column("model_id", String(200), primary_key=True),  # name@sha256 of the weights
    Column("name", Text, nullable=False),  # of its folder, as SCHOLIAST_EMBEDDING_MODEL would name it
    Column("role", String(8), nullable=False, unique=True),  # active, wanted (being made), kept (for a rollback)
    Column("stage", String(16), nullable=True),  # of a wanted model: embed, index, check
    Column("progress_done", Integer, nullable=False, server_default="0"),
    Column("progress_total", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=True),  # why the change to it stopped
    Column("parity", Text, nullable=True),  # what the comparison with its predecessor found
)

workers = Table(
    "workers",
    metadata,
    Column("executor_id", String(64), primary_key=True),
    Column("process_id", Integer, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("heartbeat_at", Float, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("idempotency_key", String(255), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("document_ids", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
)
