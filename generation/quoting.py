"""A quote of the documents, and the choice of one by the embedder alone, for where there is no reader.

Used where the model's own words cannot be trusted: none of them found support in the passages, or the model does not
know the question's language. A quote may miss the point, but it is never made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from generation.quote_candidates import MAX_CHARACTERS, MIN_TERMS, TextEmbedder, under_headings
from generation.types import Citation
from retrieval.analysis import terms
from retrieval.sentences import sentence_spans
from retrieval.types import Hit

# What the share of shared terms adds to the cosine, which differs by about 0.1 between good and bad sentences.
WEIGHT_COVERAGE = 0.1
# A quote that is less likely to answer stands among others.
UNSURE = 0.3


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage that answers the question, and how likely it does."""

    citation: Citation
    chance: float | None  # 0..1: calibrated chance that the sentence answers the question; None where nobody can tell
    by: Literal["reader", "embedder"]
    further: Sequence[Citation] = ()  # of other sentences that may hold it instead, the likeliest first
    span: tuple[int, int] | None = None  # in the citation's quote: the words that answer themselves, by the reader
    is_answer: bool = True  # False where the reader finds in no passage that the question is answered

    @property
    def unsure(self) -> bool:
        """Whether it is hardly likely to answer, as far as anybody can tell."""
        return self.chance is not None and self.chance < UNSURE


def best_quote(embedder: TextEmbedder, question: str, passages: Sequence[Hit], evidence: float = 0.0) -> Quote | None:  # noqa: ARG001 - the evidence is for choosers that can use it
    """The sentence nearest to the question; None if the passages hold no sentence."""
    places = [
        (number, start, end)
        for number, hit in enumerate(passages)
        for start, end in sentence_spans(hit.chunk.text)
        if len(terms(hit.chunk.text[start:end])) >= MIN_TERMS and end - start <= MAX_CHARACTERS
    ]
    if not places:
        return None
    contexts = [under_headings(passages[number], start, end) for number, start, end in places]
    asked = frozenset(terms(question))
    scores = embedder.embed_passages(contexts) @ embedder.embed_query(question)
    for position, context in enumerate(contexts):
        scores[position] += WEIGHT_COVERAGE * len(asked & frozenset(terms(context))) / max(len(asked), 1)
    citation = Citation.of_passage(passages, *places[int(scores.argmax())])
    return Quote(citation, None, "embedder")
