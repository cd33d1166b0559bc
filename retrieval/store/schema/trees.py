"""Summaries above the chunks: the tree of each document, and the one over a collection's documents."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from retrieval.store.schema.foundation import key, metadata, owned_by

tree_nodes = Table(
    "tree_nodes",
    metadata,
    key(),
    owned_by("revision_key", "revisions.key"),  # a tree spans one document, so deleting it leaves no trace elsewhere
    Column("level", Integer, nullable=False),  # 1 above the chunks, and so on up to the root
    Column("ordinal", Integer, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("revision_key", "level", "ordinal"),
    sqlite_autoincrement=True,
)

node_vectors = Table(
    "node_vectors",
    metadata,
    owned_by("node_key", "tree_nodes.key", primary_key=True),
    Column("model_id", String(200), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # float16, unit length
)

tree_edges = Table(
    "tree_edges",
    metadata,
    key(),
    owned_by("parent_key", "tree_nodes.key"),
    # one of the two: a node of the level below, or a chunk
    Column("child_key", Integer, ForeignKey("tree_nodes.key", ondelete="CASCADE"), nullable=True, index=True),
    Column("chunk_key", Integer, ForeignKey("chunks.key", ondelete="CASCADE"), nullable=True, index=True),
)

# What a document says in a few of its own sentences: the collection's tree is made of these and of nothing else.
document_digests = Table(
    "document_digests",
    metadata,
    owned_by("revision_key", "revisions.key", primary_key=True),
    Column("model_id", String(200), nullable=False),  # of this vector and those of the sentences
    Column(
        "vector", LargeBinary, nullable=False
    ),  # float16, unit length: of its tree's root, or the mean of its chunks
)

digest_sentences = Table(
    "digest_sentences",
    metadata,
    key(),
    owned_by("revision_key", "document_digests.revision_key"),
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
    key(),
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
    key(),
    owned_by("parent_key", "collection_nodes.key"),
    # one of the two: a node of the level below, or a document
    Column("child_key", Integer, ForeignKey("collection_nodes.key", ondelete="CASCADE"), nullable=True, index=True),
    Column("revision_key", Integer, ForeignKey("revisions.key", ondelete="CASCADE"), nullable=True, index=True),
)

collection_quotes = Table(
    "collection_quotes",
    metadata,
    owned_by("node_key", "collection_nodes.key", primary_key=True),
    owned_by("sentence_key", "digest_sentences.key", primary_key=True),
)
