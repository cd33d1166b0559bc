"""What was shown, what people made of it, and rankers that were trained here."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from retrieval.store.schema.foundation import key, metadata, owned_by

# What a search or an answer showed, for learning from what people then did; only the newest are kept.
impressions = Table(
    "impressions",
    metadata,
    key(),
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
    key(),
    owned_by("impression_key", "impressions.key"),
    Column("position", Integer, nullable=False),  # from 1
    owned_by("chunk_key", "chunks.key"),  # a deleted document leaves no trace here
    Column("features", LargeBinary, nullable=False),  # float32, as the ranker saw them
    UniqueConstraint("impression_key", "position"),
)

feedback = Table(
    "feedback",
    metadata,
    key(),
    owned_by("impression_key", "impressions.key"),
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
    key(),
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
