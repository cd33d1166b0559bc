"""What chunks name and how it hangs together. Every row but an entity itself hangs on a chunk and goes with it.

An entity is what all chunks of a collection call by one normal form. How it is shown, what kind it is and what other
names it goes by is read from its mentions, so nothing of a deleted document outlives it.
"""

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, UniqueConstraint

from retrieval.store.schema.foundation import key, metadata, owned_by

graph_nodes = Table(
    "graph_nodes",
    metadata,
    key(),
    Column("collection", String(64), ForeignKey("collections.name", ondelete="CASCADE"), nullable=False),
    Column("normal", String(200), nullable=False),  # of retrieval.graph.names
    UniqueConstraint("collection", "normal"),
    sqlite_autoincrement=True,
)

graph_mentions = Table(
    "graph_mentions",
    metadata,
    owned_by("node_key", "graph_nodes.key", primary_key=True),
    owned_by("chunk_key", "chunks.key", primary_key=True),
    Column("name", String(200), primary_key=True),  # as it is written there
    Column("kind", String(16), nullable=False),  # one of retrieval.graph.types.KINDS
    Column("times", Integer, nullable=False),
)

graph_edges = Table(
    "graph_edges",
    metadata,
    key(),
    owned_by("source_key", "graph_nodes.key"),
    owned_by("target_key", "graph_nodes.key"),
    Column("relation", String(80), nullable=False),
    owned_by("chunk_key", "chunks.key"),  # provenance
    Column("start", Integer, nullable=False),  # of the words that say so, in the chunk's text
    Column("end", Integer, nullable=False),
)

# What is said of an entity that is no entity itself: figures, states, definitions.
graph_values = Table(
    "graph_values",
    metadata,
    key(),
    owned_by("node_key", "graph_nodes.key"),
    Column("name", String(80), nullable=False),
    Column("value", String(400), nullable=False),
    Column("number", Float, nullable=True),  # where the value is one
    owned_by("chunk_key", "chunks.key"),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
)

# Revisions whose graph is made, or being made; those that are missing wait for it.
graph_documents = Table(
    "graph_documents",
    metadata,
    owned_by("revision_key", "revisions.key", primary_key=True),
    Column("version", Integer, nullable=False),  # of the extraction
    Column("state", String(16), nullable=False),  # running, retrying, done, failed
)
