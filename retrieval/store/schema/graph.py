"""Names that occur in chunks and how they hang together; only a later stage fills these tables."""

from sqlalchemy import Column, ForeignKey, String, Table, Text

from retrieval.store.schema.foundation import key, metadata, owned_by

graph_nodes = Table(
    "graph_nodes",
    metadata,
    key(),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(64), nullable=False),
    Column("name", Text, nullable=False),
)

graph_edges = Table(
    "graph_edges",
    metadata,
    key(),
    owned_by("source_key", "graph_nodes.key"),
    owned_by("target_key", "graph_nodes.key"),
    Column("relation", String(64), nullable=False),
    owned_by("chunk_key", "chunks.key"),  # provenance: no edge without a living chunk
)
