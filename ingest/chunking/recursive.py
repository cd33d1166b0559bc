"""Chunks by size alone: paragraphs are joined until a chunk is full; one that is too long is cut between sentences."""

from itertools import groupby

from ingest.chunking.stretches import Sentence, filled, run_of, sentences_of
from ingest.chunking.types import ChunkSpan, Embedder
from ingest.parsing.types import ParsedDocument


def recursively(document: ParsedDocument, embedder: Embedder, max_tokens: int) -> list[ChunkSpan]:
    """Chunks of about equal length, whatever the headings say."""
    sentences = sentences_of(document, embedder.count_tokens, max_tokens)
    blocks = [list(group) for _, group in groupby(sentences, key=lambda sentence: sentence.block.start)]
    chunks: list[ChunkSpan] = []
    current: list[Sentence] = []
    for block in blocks:
        if current and _tokens(current) + _tokens(block) > max_tokens:
            chunks += [run_of(run) for run in filled(current, max_tokens)]
            current = []
        current += block
    return chunks + [run_of(run) for run in filled(current, max_tokens)]


def _tokens(sentences: list[Sentence]) -> int:
    return sum(sentence.tokens for sentence in sentences)
