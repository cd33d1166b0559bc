"""The tables. The database is the truth; every index, file and cache beside it can be rebuilt from here.

Everything that hangs on a document hangs on it by foreign keys that cascade, so one DELETE leaves nothing behind;
tables that only later stages fill (the graph) already obey that rule.
Keys that index files and change readers hold on to are never reused (AUTOINCREMENT).
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key() -> Column[int]:
    return Column("key", Integer, primary_key=True)


def _owned_by(column: str, target: str, *, primary_key: bool = False) -> Column[int]:
    """A foreign key whose row disappears with its owner."""
    return Column(
        column, Integer, ForeignKey(target, ondelete="CASCADE"), nullable=False, index=True, primary_key=primary_key
    )


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
    _key(),
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
    _key(),
    Column("id", String(36), nullable=False, unique=True),
    _owned_by("document_key", "documents.key"),
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
    _owned_by("revision_key", "revisions.key", primary_key=True),
    Column("text", Text, nullable=False),
    Column("blocks", JSON, nullable=False),  # [[kind, start, end, page, headings, level], ...]
    Column("title", Text, nullable=True),
    # Another revision of the same bytes takes over what the same parser made of them; null: made before this was kept.
    Column("parser_version", String(64), nullable=True),
)

chunks = Table(
    "chunks",
    metadata,
    _key(),
    Column("id", String(36), nullable=False, unique=True),
    _owned_by("revision_key", "revisions.key"),
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
    _key(),
    _owned_by("chunk_key", "chunks.key"),
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
    _key(),
    _owned_by("document_key", "documents.key"),
    Column("collection", String(64), nullable=False),
    Column("field", String(200), nullable=False),
    Column("text_value", Text, nullable=True),
    Column("number_value", Float, nullable=True),  # numbers, and true/false as 1/0
    Index(None, "collection", "field", "text_value"),
    Index(None, "collection", "field", "number_value"),
)

changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True),  # readers follow it
    Column("collection", String(64), nullable=False),
    Column("revision_key", Integer, nullable=False),  # no foreign key: a removal outlives its revision
    Column("kind", String(8), nullable=False),  # added, removed, ranker, tree
    Index(None, "collection", "number"),
    sqlite_autoincrement=True,
)

# The newest of a collection and of the model that answers is the one that serves.
generations = Table(
    "generations",
    metadata,
    _key(),
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

tree_nodes = Table(
    "tree_nodes",
    metadata,
    _key(),
    _owned_by("revision_key", "revisions.key"),  # a tree spans one document, so deleting it leaves no trace elsewhere
    Column("level", Integer, nullable=False),  # 1 above the chunks, and so on up to the root
    Column("ordinal", Integer, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("revision_key", "level", "ordinal"),
    sqlite_autoincrement=True,
)

node_vectors = Table(
    "node_vectors",
    metadata,
    _owned_by("node_key", "tree_nodes.key", primary_key=True),
    Column("model_id", String(200), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # float16, unit length
)

tree_edges = Table(
    "tree_edges",
    metadata,
    _key(),
    _owned_by("parent_key", "tree_nodes.key"),
    # one of the two: a node of the level below, or a chunk
    Column("child_key", Integer, ForeignKey("tree_nodes.key", ondelete="CASCADE"), nullable=True, index=True),
    Column("chunk_key", Integer, ForeignKey("chunks.key", ondelete="CASCADE"), nullable=True, index=True),
)

# What a document says in a few of its own sentences: the collection's tree is made of these and of nothing else.
document_digests = Table(
    "document_digests",
    metadata,
    _owned_by("revision_key", "revisions.key", primary_key=True),
    Column("model_id", String(200), nullable=False),  # of this vector and those of the sentences
    Column(
        "vector", LargeBinary, nullable=False
    ),  # float16, unit length: of its tree's root, or the mean of its chunks
)

digest_sentences = Table(
    "digest_sentences",
    metadata,
    _key(),
    _owned_by("revision_key", "document_digests.revision_key"),
    Column("text", Text, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# The tree over the documents of a collection. A node has no text of its own: it is the sentences that it quotes, which
# go with their documents.
collection_trees = Table(
    "collection_trees",
    metadata,
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), primary_key=True),
    Column("followed", Integer, nullable=False),  # it stands on everything up to this change
    Column("announced", Boolean, nullable=False),  # whether readers have heard of all that is in it
    Column("drift", JSON, nullable=False),  # by level: members when it was last clustered as a whole, joined since
)

collection_nodes = Table(
    "collection_nodes",
    metadata,
    _key(),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("level", Integer, nullable=False),  # 1 above the documents, and so on up to the root
    Column("stale", Boolean, nullable=False),  # its members changed since it was summarised
    Column("quoted", Integer, nullable=False),  # sentences it was summarised by; searched only while all are there
    Column("model_id", String(200), nullable=True),
    Column("vector", LargeBinary, nullable=True),  # none: not to be searched
    sqlite_autoincrement=True,
)

collection_edges = Table(
    "collection_edges",
    metadata,
    _key(),
    _owned_by("parent_key", "collection_nodes.key"),
    # one of the two: a node of the level below, or a document
    Column("child_key", Integer, ForeignKey("collection_nodes.key", ondelete="CASCADE"), nullable=True, index=True),
    Column("revision_key", Integer, ForeignKey("revisions.key", ondelete="CASCADE"), nullable=True, index=True),
)

collection_quotes = Table(
    "collection_quotes",
    metadata,
    _owned_by("node_key", "collection_nodes.key", primary_key=True),
    _owned_by("sentence_key", "digest_sentences.key", primary_key=True),
)

table_catalogue = Table(
    "table_catalogue",
    metadata,
    _key(),
    _owned_by("revision_key", "revisions.key"),
    Column("name", String(200), nullable=False),
    Column("columns", JSON, nullable=False),  # [{name, header, type, unit, examples}, ...]
    Column("title", Text, nullable=False, server_default=""),  # empty: the table is called after the file
)

table_rows = Table(
    "table_rows",
    metadata,
    _owned_by("table_key", "table_catalogue.key", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("cells", JSON, nullable=False),  # one value a column
)

graph_nodes = Table(
    "graph_nodes",
    metadata,
    _key(),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(64), nullable=False),
    Column("name", Text, nullable=False),
)

graph_edges = Table(
    "graph_edges",
    metadata,
    _key(),
    _owned_by("source_key", "graph_nodes.key"),
    _owned_by("target_key", "graph_nodes.key"),
    Column("relation", String(64), nullable=False),
    _owned_by("chunk_key", "chunks.key"),  # provenance: no edge without a living chunk
)

# What a search or an answer showed, for learning from what people then did; only the newest are kept.
impressions = Table(
    "impressions",
    metadata,
    _key(),
    Column("request_id", String(36), nullable=False, unique=True),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),  # search, answer
    Column("query", Text, nullable=False),
    Column("ranker", String(100), nullable=False),  # its name and version; empty: the order of fusion
    Column("feature_names", Text, nullable=False),  # of the vectors below, separated by spaces
    Column(
        "explored", Integer, nullable=False
    ),  # 0, or the first position from which on neighbours' order was a coin's
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

impression_hits = Table(
    "impression_hits",
    metadata,
    _key(),
    _owned_by("impression_key", "impressions.key"),
    Column("position", Integer, nullable=False),  # from 1
    _owned_by("chunk_key", "chunks.key"),  # a deleted document leaves no trace here
    Column("features", LargeBinary, nullable=False),  # float32, as the ranker saw them
    UniqueConstraint("impression_key", "position"),
)

feedback = Table(
    "feedback",
    metadata,
    _key(),
    _owned_by("impression_key", "impressions.key"),
    Column("hit_key", Integer, ForeignKey("impression_hits.key", ondelete="CASCADE"), nullable=True, index=True),
    Column("position", Integer, nullable=False),  # of the hit; 0: of the whole answer or search
    Column("value", String(16), nullable=False),  # click, helpful, unhelpful
    Column("created_at", Float, nullable=False),
    UniqueConstraint("impression_key", "position", "value"),  # said twice is said once
)

# Rankers that were trained here. None active: the one that ships orders.
ranker_versions = Table(
    "ranker_versions",
    metadata,
    _key(),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),  # within the collection, from 1
    Column("source", String(16), nullable=False),  # documents, feedback
    Column("embedder", String(200), nullable=False),  # whose cosines it was trained with
    Column("model", Text, nullable=False),  # LightGBM's text
    Column("figures", JSON, nullable=False),  # what the gate saw
    Column("is_accepted", Boolean, nullable=False),  # the gate let it go live
    Column("is_active", Boolean, nullable=False),  # it orders the collection's searches
    Column("replaced", Integer, nullable=False),  # the number that answered before it; 0: the one that ships
    Column("created_at", Float, nullable=False),
    UniqueConstraint("collection", "number"),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    _key(),
    Column("id", String(100), nullable=False, unique=True),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

conversation_turns = Table(
    "conversation_turns",
    metadata,
    _key(),
    _owned_by("conversation_key", "conversations.key"),
    Column("request_id", String(36), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=True),  # null: a document that it was made of is gone
    Column("created_at", Float, nullable=False),
)

# The documents whose passages an answer was made of: who deletes one of them takes the answer back.
conversation_sources = Table(
    "conversation_sources",
    metadata,
    _owned_by("turn_key", "conversation_turns.key", primary_key=True),
    _owned_by("document_key", "documents.key", primary_key=True),
)

stage_cache = Table(
    "stage_cache",
    metadata,
    Column("cache_key", String(64), primary_key=True),  # hash(input + configuration + model)
    _owned_by("document_key", "documents.key"),  # a cached text must not outlive its document
    Column("stage", String(32), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
)
