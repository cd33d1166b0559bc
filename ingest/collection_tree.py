"""The RAPTOR tree over the documents of a collection, kept up while they come and go.

Its members are what the documents' own trees end in, or documents that are too short for a tree. They are clustered,
each cluster is summarised by its members' most central sentences, then the summaries are clustered, up to one root.
Of all this only what changed is made again (`ingest/arrangement.py`). Every step is a transaction of its own and finds
in the database what is to be done, so a killed worker's successor goes on; a node is searched as soon as it is stored,
by those who open the collection, and by all once the change log names the tree.

The summaries are always the documents' own sentences: a text that a model made of several documents could not be kept
without outliving one of them, and would be written again at every change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.arrangement import is_settled, rearrange
from ingest.extractive_summary import central_sentences
from ingest.tree import MAX_LEVELS, SUMMARY_TOKENS
from retrieval import failpoints
from retrieval.sentences import join_sentences
from retrieval.store import changes, collection_trees, digests
from retrieval.store.collection_trees import Source
from retrieval.store.database import Database

# Summaries, or digests, that are embedded at a time.
STRIDE = 16
# Fewer documents are searched side by side: a summary of two or three says what they say.
MIN_DOCUMENTS = 6


@dataclass(frozen=True, slots=True)
class CollectionTreeTools:
    """What it takes. `go_first` lets more urgent work pass; it raises `EnrichmentStopped` at the end."""

    database: Database
    embed: Callable[[Sequence[str]], NDArray[np.float32]]
    model_id: str
    go_first: Callable[[], None]


def update_collection_tree(tools: CollectionTreeTools, collection: str) -> int:
    """Brings the tree up to date with the collection; gives how many summaries were made."""
    with tools.database.read() as connection:
        number = changes.latest(connection, collection)
    _embed_digests(tools, collection)
    made = 0
    with tools.database.read() as connection:
        vectors = digests.vectors(connection, collection, tools.model_id)
    if len(vectors) < MIN_DOCUMENTS:
        vectors = {}
    level = 1
    while len(vectors) > 1 and level <= MAX_LEVELS:
        tools.go_first()
        _arrange(tools, collection, level, vectors)
        made += _summarise(tools, collection, level)
        with tools.database.read() as connection:
            vectors = collection_trees.vectors(connection, collection, level, tools.model_id)
        level += 1
    with tools.database.write() as connection:
        collection_trees.end_at(connection, collection, level)
        collection_trees.announce(connection, collection, number)
        failpoints.reached("collect.announced")
    return made


def _embed_digests(tools: CollectionTreeTools, collection: str) -> None:
    """Gives those digests the vectors of the model that answers which another one embedded."""
    while True:
        tools.go_first()
        with tools.database.read() as connection:
            owners = digests.of_other_models(connection, collection, tools.model_id, STRIDE)
            texts = digests.sentences(connection, owners)
        if not owners:
            return
        vectors = tools.embed(list(texts.values())).astype(np.float16)
        with tools.database.write() as connection:
            digests.embed_anew(connection, owners, dict(zip(texts, vectors, strict=True)), tools.model_id)
            failpoints.reached("collect.embedded")


def _arrange(tools: CollectionTreeTools, collection: str, level: int, vectors: dict[int, NDArray[np.float32]]) -> None:
    with tools.database.read() as connection:
        clusters = collection_trees.clusters(connection, collection, level)
        drift = collection_trees.drift(connection, collection, level)
    if is_settled(vectors.keys(), clusters, drift):
        return
    arrangement = rearrange(vectors, clusters, drift)
    with tools.database.write() as connection:
        collection_trees.arrange(connection, collection, level, arrangement)
        failpoints.reached("collect.arranged")


def _summarise(tools: CollectionTreeTools, collection: str, level: int) -> int:
    """Summarises the nodes of the level whose members changed; gives their number."""
    with tools.database.read() as connection:
        nodes = collection_trees.unsummarised(connection, collection, level, tools.model_id)
    for start in range(0, len(nodes), STRIDE):
        tools.go_first()
        stride = nodes[start : start + STRIDE]
        with tools.database.read() as connection:
            sources = collection_trees.sources(connection, stride, level)
        quoted = {node: _central(found) for node, found in sources.items() if found}
        if not quoted:
            continue
        texts = [join_sentences([source.text for source in found]) for found in quoted.values()]
        vectors = tools.embed(texts).astype(np.float16)
        with tools.database.write() as connection:
            for (node, found), vector in zip(quoted.items(), vectors, strict=True):
                keys = [source.key for source in found]
                collection_trees.summarise(connection, node, keys, vector, tools.model_id)
            failpoints.reached("collect.summarised")
    return len(nodes)


def _central(sources: Sequence[Source]) -> list[Source]:
    vectors = np.stack([source.vector for source in sources])
    rows = central_sentences(vectors, [source.tokens for source in sources], SUMMARY_TOKENS)
    return [sources[row] for row in rows]
