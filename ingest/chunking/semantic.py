"""Chunks that end where the subject changes: at the widest gaps between the vectors of neighbouring sentences."""

import numpy as np

from ingest.chunking.stretches import Sentence, filled, run_of, sentences_of
from ingest.chunking.types import ChunkSpan, Embedder
from ingest.parsing.types import ParsedDocument

# The share of places between sentences that count as a change of subject.
BREAKS = 0.15
# Sentences on either side of a place whose mean vectors are compared: one alone says too little.
WINDOW = 2
MIN_TOKENS = 48


def by_meaning(document: ParsedDocument, embedder: Embedder, max_tokens: int) -> list[ChunkSpan]:
    """Runs of sentences on one subject, none over `max_tokens`."""
    sentences = sentences_of(document, embedder.count_tokens, max_tokens)
    if not sentences:
        return []
    breaks = _breaks(document.text, sentences, embedder)
    runs: list[list[Sentence]] = [[]]
    for position, sentence in enumerate(sentences):
        long_enough = sum(item.tokens for item in runs[-1]) >= MIN_TOKENS
        if position in breaks and long_enough:
            runs.append([])
        runs[-1].append(sentence)
    return [run_of(part) for run in runs for part in filled(run, max_tokens)]


def _breaks(text: str, sentences: list[Sentence], embedder: Embedder) -> set[int]:
    """Positions of the sentences that open a subject."""
    if len(sentences) < 2:
        return set()
    vectors = embedder.embed([text[sentence.start : sentence.end] for sentence in sentences])
    gaps = [
        1.0 - float(vectors[max(place - WINDOW, 0) : place].mean(axis=0) @ vectors[place : place + WINDOW].mean(axis=0))
        for place in range(1, len(sentences))
    ]
    threshold = np.quantile(gaps, 1.0 - BREAKS)
    # of neighbouring places only the widest gap is the change itself
    peaks = [max(gaps[max(place - WINDOW, 0) : place + WINDOW + 1]) for place in range(len(gaps))]
    pairs = zip(gaps, peaks, strict=True)
    return {place for place, (gap, peak) in enumerate(pairs, start=1) if gap > threshold and gap == peak}
