"""The tables. The database is the truth; every index, file and cache beside it can be rebuilt from here.

Everything that hangs on a document hangs on it by foreign keys that cascade, so one DELETE leaves nothing behind.
Keys that index files and change readers hold on to are never reused (AUTOINCREMENT).
All tables are named here, so that whoever has this module has `metadata` with all of them.
"""

from retrieval.store.schema.content import (
    chunks,
    collection_routes,
    collections,
    documents,
    extracted_texts,
    metadata_values,
    representations,
    revisions,
    stage_cache,
    table_catalogue,
    table_rows,
    token_vectors,
)
from retrieval.store.schema.conversations import (
    conversation_sources,
    conversation_turns,
    conversations,
)
from retrieval.store.schema.foundation import metadata
from retrieval.store.schema.graph import (
    graph_documents,
    graph_edges,
    graph_mentions,
    graph_nodes,
    graph_values,
)
from retrieval.store.schema.learning import (
    feedback,
    impression_hits,
    impressions,
    ranker_versions,
)
from retrieval.store.schema.operations import (
    changes,
    embedding_models,
    generations,
    idempotency_keys,
    workers,
)
from retrieval.store.schema.trees import (
    collection_edges,
    collection_nodes,
    collection_quotes,
    collection_trees,
    digest_sentences,
    document_digests,
    node_vectors,
    tree_edges,
    tree_nodes,
)

__all__ = [
    "changes",
    "chunks",
    "collection_edges",
    "collection_nodes",
    "collection_quotes",
    "collection_routes",
    "collection_trees",
    "collections",
    "conversation_sources",
    "conversation_turns",
    "conversations",
    "digest_sentences",
    "document_digests",
    "documents",
    "embedding_models",
    "extracted_texts",
    "feedback",
    "generations",
    "graph_documents",
    "graph_edges",
    "graph_mentions",
    "graph_nodes",
    "graph_values",
    "idempotency_keys",
    "impression_hits",
    "impressions",
    "metadata",
    "metadata_values",
    "node_vectors",
    "ranker_versions",
    "representations",
    "revisions",
    "stage_cache",
    "table_catalogue",
    "table_rows",
    "token_vectors",
    "tree_edges",
    "tree_nodes",
    "workers",
]
