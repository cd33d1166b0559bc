"""Answers with a quote: the sentence of the passages that speaks most directly to the question, word for word.

Used where the model's own words cannot be trusted: none of them found support in the passages, or the model does not
know the question's language. A quote may miss the point, but it is never made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generation.types import Citation
from retrieval.analysis import terms
from retrieval.sentences import sentence_spans
from retrieval.types import Hit

# What the share of shared terms adds to the cosine, which differs by about 0.1 between good and bad sentences.
WEIGHT_COVERAGE = 0.1
# Shorter stretches are page numbers, labels and list markers; longer ones are rows that hold a whole table.
MIN_TERMS = 3
MAX_CHARACTERS = 400


class TextEmbedder(Protocol):
    """Turns texts into unit vectors, one row a text."""

    def embed_query(self, query: str) -> NDArray[np.float32]: ...

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: int  # from 0
    start: int  # offsets in the passage's text
    end: int
    context: str  # the sentence under its headings, as it is embedded


def best_quote(embedder: TextEmbedder, question: str, passages: Sequence[Hit]) -> Citation | None:
    """The most direct sentence as a citation of its passage; None if the passages hold no sentence."""
    sentences = [sentence for number, hit in enumerate(passages) for sentence in _sentences(number, hit)]
    if not sentences:
        return None
    vectors = embedder.embed_passages([sentence.context for sentence in sentences])
    asked = frozenset(terms(question))
    scores = vectors @ embedder.embed_query(question)
    for position, sentence in enumerate(sentences):
        shared = len(asked & frozenset(terms(sentence.context))) / max(len(asked), 1)
        scores[position] += WEIGHT_COVERAGE * shared
    best = sentences[int(scores.argmax())]
    return Citation.of_passage(passages, best.passage, best.start, best.end)


def _sentences(number: int, hit: Hit) -> list[_Sentence]:
    headings = " > ".join((hit.chunk.document, *hit.chunk.headings))
    text = hit.chunk.text
    return [
        _Sentence(number, start, end, f"{headings}\n{text[start:end]}")
        for start, end in sentence_spans(text)
        if len(terms(text[start:end])) >= MIN_TERMS and end - start <= MAX_CHARACTERS
    ]
