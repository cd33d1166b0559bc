"""Documents and what is made of each: revisions, texts, chunks, vectors, metadata, tables of cells, cached outputs."""

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from retrieval.store.schema.foundation import key, metadata, owned_by

collections = Table(
    "collections",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("created_at", Float, nullable=False),  # seconds since the epoch, here and below
)

documents = Table(
    "documents",
    metadata,
    key(),
    Column("id", String(36), nullable=False, unique=True),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),  # display data only, never a path
    Column("content_sha256", String(64), nullable=False),  # of the latest revision
    Column("metadata", JSON, nullable=False),
    Column("latest_revision", Integer, nullable=True),  # revisions.key: what `status` speaks of
    Column("active_revision", Integer, nullable=True),  # revisions.key: what searches see
    Column("created_at", Float, nullable=False),
    UniqueConstraint("collection", "content_sha256"),  # the same content again is the same document
    sqlite_autoincrement=True,
)

revisions = Table(
    "revisions",
    metadata,
    key(),
    Column("id", String(36), nullable=False, unique=True),
    owned_by("document_key", "documents.key"),
    Column("number", Integer, nullable=False),
    Column("content_sha256", String(64), nullable=False, index=True),  # names the blob
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("status", String(16), nullable=False, index=True),  # queued, processing, ready, failed
    Column("stage", String(16), nullable=True),
    Column("progress_done", Integer, nullable=False, server_default="0"),
    Column("progress_total", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error_code", String(64), nullable=True),
    Column("error_detail", Text, nullable=True),
    Column("warnings", JSON, nullable=False),
    Column("pages", Integer, nullable=True),
    Column("quality", Float, nullable=True),  # 0..1: how well the file could be read
    # What follows once the revision is ready: waiting, running, done, failed, off.
    Column("enrichment", String(16), nullable=False, index=True, server_default="waiting"),
    Column("enrichment_stage", String(16), nullable=True),
    Column("enrichment_done", Integer, nullable=False, server_default="0"),
    Column("enrichment_total", Integer, nullable=False, server_default="0"),
    Column("enrichment_detail", Text, nullable=True),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float, nullable=True),
    sqlite_autoincrement=True,
)

extracted_texts = Table(
    "extracted_texts",
    metadata,
    owned_by("revision_key", "revisions.key", primary_key=True),
    Column("text", Text, nullable=False),
    Column("blocks", JSON, nullable=False),  # [[kind, start, end, page, headings, level], ...]
    Column("title", Text, nullable=True),
    # Another revision of the same bytes takes over what the same parser made of them; null: made before this was kept.
    Column("parser_version", String(64), nullable=True),
)

chunks = Table(
    "chunks",
    metadata,
    key(),
    Column("id", String(36), nullable=False, unique=True),
    owned_by("revision_key", "revisions.key"),
    Column("ordinal", Integer, nullable=False),
    Column("level", Integer, nullable=False, server_default="0"),  # text of the document is level 0
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer, nullable=True),
    Column("headings", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("terms", Text, nullable=False),  # analysed for BM25, separated by spaces
    Column("embedded", JSON(none_as_null=True), nullable=True),  # [[start, end], ...] embedded in place of the whole
    sqlite_autoincrement=True,
)

representations = Table(
    "representations",
    metadata,
    key(),
    owned_by("chunk_key", "chunks.key"),
    Column("kind", String(16), nullable=False),  # one of retrieval.representations.KINDS
    Column("text", Text, nullable=True),  # what was embedded; not kept for `text`, which the chunk has
    Column("model_id", String(200), nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float16, unit length
    UniqueConstraint("chunk_key", "kind", "model_id", "text_sha256"),
    Index(None, "text_sha256", "model_id"),  # the same text is embedded once
    sqlite_autoincrement=True,
)

metadata_values = Table(
    "metadata_values",
    metadata,
    key(),
    owned_by("document_key", "documents.key"),
    Column("collection", String(64), nullable=False),
    Column("field", String(200), nullable=False),
    Column("text_value", Text, nullable=True),
    Column("number_value", Float, nullable=True),  # numbers, and true/false as 1/0
    Index(None, "collection", "field", "text_value"),
    Index(None, "collection", "field", "number_value"),
)

# Kinds of questions that a collection tells apart; without any of its own it has those that ship.
collection_routes = Table(
    "collection_routes",
    metadata,
    key(),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("name", String(64), nullable=False),
    Column("examples", JSON, nullable=False),  # questions
    Column("settings", JSON, nullable=False),  # what it changes, as retrieval.routing.routes names it
    UniqueConstraint("collection", "name"),
)

table_catalogue = Table(
    "table_catalogue",
    metadata,
    key(),
    owned_by("revision_key", "revisions.key"),
    Column("name", String(200), nullable=False),
    Column("columns", JSON, nullable=False),  # [{name, header, type, unit, examples}, ...]
    Column("title", Text, nullable=False, server_default=""),  # empty: the table is called after the file
)

table_rows = Table(
    "table_rows",
    metadata,
    owned_by("table_key", "table_catalogue.key", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("cells", JSON, nullable=False),  # one value a column
)

stage_cache = Table(
    "stage_cache",
    metadata,
    Column("cache_key", String(64), primary_key=True),  # hash(input + configuration + model)
    owned_by("document_key", "documents.key"),  # a cached text must not outlive its document
    Column("stage", String(32), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
)

# For late interaction, where a collection asks for it; at most one model's, the one that searches use.
token_vectors = Table(
    "token_vectors",
    metadata,
    owned_by("chunk_key", "chunks.key", primary_key=True),
    Column("model_id", String(200), nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("codes", LargeBinary, nullable=False),  # of retrieval.token_codec, equally many bytes a token
)
