"""Builds the RAPTOR tree of one document: clusters of chunks are summarised, clusters of summaries again, to one root.

Summaries are made of the sentences below them, so their vectors are known already, a tree costs no language model, and
nothing in it was made up. Where a model writes them, it is given such sentences too and never a summary of its own, so
that what it makes up is not handed on. A tree spans one document: adding, replacing or deleting another changes none
of it. What stands above the documents of a collection is in `ingest/collection_tree.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.clustering import soft_clusters
from ingest.extractive_summary import central_sentences
from retrieval.sentences import join_sentences
from retrieval.store.trees import NewNode, represented_by

SUMMARY_TOKENS = 160
# Of what a model is given to summarise: small models make little of more, and every token costs time.
SOURCE_TOKENS = 480
# A summary of two or three chunks says what they say, and outranks them for it (Cranfield: nDCG@10 -0.11).
MIN_CHUNKS = 6
# Every level has at most half the nodes of the one below, so this is out of reach: 2^20 chunks.
MAX_LEVELS = 20


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the document, as summaries are made of."""

    text: str
    tokens: int
    vector: NDArray[np.float32]  # [dimension], unit length


@dataclass(frozen=True, slots=True)
class Part:
    """What a level of the tree clusters: a chunk, or a summary of the level below."""

    vector: NDArray[np.float32]
    sentences: tuple[int, ...]  # positions in the document's sentences
    child: int  # what the parent's edge names: a chunk key, or an ordinal


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes, lower levels first, and the sentences [positions] that stand for the whole document."""

    nodes: Sequence[NewNode]
    gist: Sequence[int]


def build_tree(
    title: str,
    parts: Sequence[Part],
    sentences: Sequence[Sentence],
    embed: Callable[[Sequence[str]], NDArray[np.float32]],
    write: Callable[[Sequence[str]], Sequence[str]] | None = None,
) -> Tree:
    """The tree; without nodes for a document that is too short to need them.

    `write` summarises what the members of each node say; where it gives "", their own sentences stand.
    """
    nodes: list[NewNode] = []
    if len(parts) < MIN_CHUNKS:
        return Tree(nodes, central(_positions(parts), sentences, SUMMARY_TOKENS))
    for level in range(1, MAX_LEVELS + 1):
        if len(parts) < 2:
            break
        clusters = soft_clusters(np.stack([part.vector for part in parts]))
        below = [_positions([parts[member] for member in members]) for members in clusters]
        chosen = [central(positions, sentences, SUMMARY_TOKENS) for positions in below]
        texts = [_text(positions, sentences) for positions in chosen]
        if write is not None:
            sources = [_text(central(positions, sentences, SOURCE_TOKENS), sentences) for positions in below]
            texts = [written or text for written, text in zip(write(sources), texts, strict=True)]
        vectors = embed([represented_by(title, text) for text in texts])
        nodes += [
            NewNode(level, ordinal, text, vector.astype(np.float16), [parts[member].child for member in members])
            for ordinal, (text, vector, members) in enumerate(zip(texts, vectors, clusters, strict=True))
        ]
        parts = [
            Part(vector, tuple(positions), ordinal)
            for ordinal, (vector, positions) in enumerate(zip(vectors, chosen, strict=True))
        ]
    return Tree(nodes, _positions(parts))


def central(positions: Sequence[int], sentences: Sequence[Sentence], budget: int) -> list[int]:
    """Those of the positions whose sentences stand for all of them, of at most `budget` tokens together."""
    vectors = np.stack([sentences[position].vector for position in positions])
    rows = central_sentences(vectors, [sentences[position].tokens for position in positions], budget)
    return [positions[row] for row in rows]


def _positions(members: Sequence[Part]) -> list[int]:
    return sorted({position for member in members for position in member.sentences})


def _text(positions: Sequence[int], sentences: Sequence[Sentence]) -> str:
    return join_sentences([sentences[position].text for position in positions])
