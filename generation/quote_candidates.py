"""Gathers the sentences of the passages as candidates for a quote: what the embedder and the reader make of each.

Knows nothing of which is best: `quote_features.py` turns what is found here into numbers, `quote_choice.py` chooses.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generation.alignment import content
from generation.reader import Reading, Text
from generation.reader_input import title_of
from retrieval.analysis import terms
from retrieval.sentences import sentence_spans
from retrieval.table_text import head_of
from retrieval.types import Hit

# Shorter stretches are page numbers, labels and list markers; longer ones are rows that hold a whole table.
MIN_TERMS = 3
MAX_CHARACTERS = 400
# Of a sentence that no window of the reader holds a token of; lower than any that was read.
UNREAD = -30.0


class TextEmbedder(Protocol):
    """Turns texts into unit vectors, one row a text."""

    def embed_query(self, query: str) -> NDArray[np.float32]: ...

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]: ...


class PassageReader(Protocol):
    """Finds in each text, and in each stretch of it, what answers the question, and how likely that does."""

    def read(self, question: str, texts: Sequence[Text]) -> Sequence[Reading]: ...


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage."""

    passage: int  # from 0
    position: int  # among the passage's sentences, from 0
    start: int  # offsets in the passage's text
    end: int
    text: str
    terms: frozenset[str]  # that carry meaning
    columns: frozenset[str]  # the same of the names of its table's columns; none of prose
    words: int  # terms in all
    cosine: float  # to the question, under its headings
    span: tuple[int, int] | None  # in `text`: where the reader would find the answer, if it is in this sentence
    margin: float  # of that span, in logits

    @property
    def quotable(self) -> bool:
        """Whether it says something, and no more than a reader takes in."""
        return self.words >= MIN_TERMS and self.end - self.start <= MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class Gathered:
    """A question and every sentence of the passages, in their order."""

    question: str
    asked: frozenset[str]  # the question's terms that carry meaning
    rarity: Mapping[str, float]  # of the question's terms among the sentences
    scores: Sequence[float]  # of the passages, by the search
    headings: Sequence[frozenset[str]]  # terms of each passage's headings
    chances: Sequence[float]  # 0..1 by the reader: that a passage answers the question
    evidence: float  # 0..1, of the search
    sentences: Sequence[Sentence]

    def covered(self, held: frozenset[str]) -> float:
        """The share of the question, by the rarity of its terms, that these terms hold."""
        total = sum(self.rarity.values())
        return sum(weight for term, weight in self.rarity.items() if term in held) / total if total else 0.0

    def neighbour(self, place: int, step: int) -> frozenset[str]:
        """The terms of the sentence so many further in the same passage; none where it ends."""
        other = place + step
        if not 0 <= other < len(self.sentences) or self.sentences[other].passage != self.sentences[place].passage:
            return frozenset()
        return self.sentences[other].terms


def gather(
    embedder: TextEmbedder, reader: PassageReader, question: str, passages: Sequence[Hit], evidence: float
) -> Gathered:
    """The sentences of the passages, embedded and read; both side by side, so that no processor waits for the other."""
    spans = [sentence_spans(hit.chunk.text) for hit in passages]
    titles = [title_of(hit.chunk.headings, hit.chunk.document) for hit in passages]
    texts = [Text(title, hit.chunk.text, found) for title, hit, found in zip(titles, passages, spans, strict=True)]
    places = [(number, position) for number, found in enumerate(spans) for position in range(len(found))]
    contexts = [under_headings(passages[number], *spans[number][position]) for number, position in places]
    with ThreadPoolExecutor(1, "reading") as beside:
        reading = beside.submit(reader.read, question, texts)
        cosines = embedder.embed_passages(contexts) @ embedder.embed_query(question) if contexts else np.zeros(0)
        readings = reading.result()
    sentences = [
        _sentence(passages[number], number, position, spans[number][position], float(cosine), readings[number])
        for (number, position), cosine in zip(places, cosines, strict=True)
    ]
    asked = content(question)
    counts = Counter(term for sentence in sentences for term in sentence.terms & asked)
    return Gathered(
        question,
        asked,
        {term: math.log(1 + len(sentences) / (1 + counts[term])) for term in sorted(asked)},
        [hit.score for hit in passages],
        [content(" ".join(hit.chunk.headings)) for hit in passages],
        [reading.answerable for reading in readings],
        evidence,
        sentences,
    )


def under_headings(hit: Hit, start: int, end: int) -> str:
    """A stretch of a passage below the document's name and its headings, as it is embedded.

    A row of a table stands below the row that names its columns, which is the innermost heading where the table is
    longer than a passage.
    """
    text, above = hit.chunk.text, [" > ".join((hit.chunk.document, *hit.chunk.headings))]
    head = head_of(text, start, hit.chunk.headings)
    above += [head] if head not in {"", text[start:end], *hit.chunk.headings} else []
    return "\n".join((*above, text[start:end]))


def _sentence(
    hit: Hit, number: int, position: int, place: tuple[int, int], cosine: float, reading: Reading
) -> Sentence:
    text = hit.chunk.text[slice(*place)]
    found = reading.within[position]
    start, end = place
    # A token may reach over the end of the sentence that it begins in.
    span = (max(found.start, start) - start, min(found.end, end) - start) if found else None
    margin = found.margin if found else UNREAD
    head = head_of(hit.chunk.text, start, hit.chunk.headings)
    return Sentence(
        number, position, start, end, text, content(text), content(head), len(terms(text)), cosine, span, margin
    )
