"""The texts that stand for the chunks of a document beside their own, one function a kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.entities import entities
from ingest.extractive_summary import central_sentences
from ingest.keywords import keywords
from ingest.model_writer import ModelWriter
from ingest.tree import Sentence
from retrieval.representations import RepresentationKind
from retrieval.sentences import join_sentences
from retrieval.store.chunks import Leaf

# Tokens of a chunk's own summary.
SUMMARY_TOKENS = 60
# A chunk of fewer sentences is its own summary.
_FEWEST_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class Material:
    """What the texts are made of: a document's chunks, the sentences of each, and the model if it is to write."""

    document: str  # its display name
    leaves: Sequence[Leaf]
    sentences: Sequence[Sequence[Sentence]]  # of each leaf; empty where no kind needs them
    writer: ModelWriter | None

    @property
    def sources(self) -> Sequence[str]:
        """Each chunk as the model sees it, under its title and headings."""
        return [f"{title}\n{leaf.text}" for (title,), leaf in zip(title_paths(self), self.leaves, strict=True)]


def summaries(material: Material) -> Sequence[Sequence[str]]:
    """What each chunk says in a few words; none for a chunk that has no more than that."""
    long = [row for row, own in enumerate(material.sentences) if len(own) >= _FEWEST_SENTENCES]
    sources = material.sources
    written = material.writer.summaries([sources[row] for row in long]) if material.writer else [""] * len(long)
    found: list[list[str]] = [[] for _ in material.leaves]
    for row, text in zip(long, written, strict=True):
        found[row].append(text or _extract(material.sentences[row]))
    return found


def names_and_words(material: Material) -> Sequence[Sequence[str]]:
    """The names, dates and figures of each chunk, then the words that tell it from the document's others."""
    words = keywords([leaf.text for leaf in material.leaves])
    return [
        [", ".join(joined)] if (joined := _joined(entities(leaf.text), found)) else []
        for leaf, found in zip(material.leaves, words, strict=True)
    ]


def title_paths(material: Material) -> Sequence[Sequence[str]]:
    """The document's name and the headings above each chunk."""
    return [[" > ".join((material.document, *leaf.headings))] for leaf in material.leaves]


def questions(material: Material) -> Sequence[Sequence[str]]:
    """What each chunk answers; nothing but a model asks."""
    return material.writer.questions(material.sources) if material.writer else [[] for _ in material.leaves]


# Texts for each chunk; each text gets a vector of its own.
MAKERS: Mapping[RepresentationKind, Callable[[Material], Sequence[Sequence[str]]]] = {
    "summary": summaries,
    "keywords": names_and_words,
    "title": title_paths,
    "questions": questions,
}


def _extract(sentences: Sequence[Sentence]) -> str:
    vectors = np.stack([sentence.vector for sentence in sentences])
    rows = central_sentences(vectors, [sentence.tokens for sentence in sentences], SUMMARY_TOKENS)
    return join_sentences([sentences[row].text for row in rows])


def _joined(names: Sequence[str], words: Sequence[str]) -> Sequence[str]:
    """The names, and those words that are not in one of them."""
    inside = " ".join(names).casefold()
    return [*names, *(word for word in words if word.casefold() not in inside)]
