"""Chunks that are found by their parts: small stretches are embedded, the whole is what a reader gets."""

from dataclasses import replace

from ingest.chunking.stretches import Sentence, filled, sentences_of
from ingest.chunking.structure import by_structure
from ingest.chunking.types import ChunkSpan, Embedder
from ingest.parsing.types import ParsedDocument

# A parent has so many times the tokens of the setting, a child such a part of them.
PARENT_FACTOR = 2
CHILD_FACTOR = 0.5
# Sentences on either side that are embedded with one.
NEIGHBOURS = 1


def parent_child(document: ParsedDocument, embedder: Embedder, max_tokens: int) -> list[ChunkSpan]:
    """Parents of twice the set length, each found by children of half of it."""
    parents = by_structure(document, embedder, PARENT_FACTOR * max_tokens)
    sentences = sentences_of(document, embedder.count_tokens, max_tokens)
    limit = max(int(CHILD_FACTOR * max_tokens), 1)
    return [
        replace(parent, embedded=tuple((run[0].start, run[-1].end) for run in filled(inside, limit)))
        for parent, inside in _inside(parents, sentences)
    ]


def sentence_window(document: ParsedDocument, embedder: Embedder, max_tokens: int) -> list[ChunkSpan]:
    """Structural chunks, each found by every sentence in it, which is embedded with its neighbours."""
    chunks = by_structure(document, embedder, max_tokens)
    sentences = sentences_of(document, embedder.count_tokens, max_tokens)
    return [
        replace(
            chunk,
            embedded=tuple(
                (
                    inside[max(position - NEIGHBOURS, 0)].start,
                    inside[min(position + NEIGHBOURS, len(inside) - 1)].end,
                )
                for position in range(len(inside))
            ),
        )
        for chunk, inside in _inside(chunks, sentences)
    ]


def _inside(chunks: list[ChunkSpan], sentences: list[Sentence]) -> list[tuple[ChunkSpan, list[Sentence]]]:
    """Each chunk with the sentences that lie in it; both come in order."""
    found: list[tuple[ChunkSpan, list[Sentence]]] = []
    position = 0
    for chunk in chunks:
        while position < len(sentences) and sentences[position].start < chunk.start:
            position += 1
        inside: list[Sentence] = []
        while position < len(sentences) and sentences[position].end <= chunk.end:
            inside.append(sentences[position])
            position += 1
        found.append((chunk, inside))
    return found
