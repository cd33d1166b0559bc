"""Answers with the very words of a passage: the span that the reader marks, and the sentence around it as the citation.

Nothing is made up, but what is marked may be beside the point: the chance that comes with it says how likely it is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from generation.reader import Reading, Text
from generation.types import Citation
from retrieval.sentences import sentence_spans
from retrieval.types import Hit

# A longer sentence is a row of a table or a list; then the span alone is cited.
MAX_CHARACTERS = 400
# What each rank further down takes from a passage's log-odds: search has put the likelier ones first.
RANK_PENALTY = 0.3
# Below this chance the sentence that the embedder finds most direct holds the answer more often than the span does.
SURE = 0.8
_CERTAIN = 1e-6


class PassageReader(Protocol):
    """Finds in each text the stretch that answers the question, and how likely it does."""

    def read(self, question: str, texts: Sequence[Text]) -> Sequence[Reading]: ...


@dataclass(frozen=True, slots=True)
class DirectAnswer:
    """A stretch of a passage that answers the question, its place, and how likely it does."""

    text: str
    citation: Citation  # of the sentence, or sentences, that hold it
    chance: float | None  # 0..1: calibrated chance that the passage answers the question; None where nobody can tell


def direct_answer(reader: PassageReader, question: str, passages: Sequence[Hit]) -> DirectAnswer | None:
    """The likeliest answer that a passage holds; None if none of them holds text."""
    readings = reader.read(question, [Text(_title(hit), hit.chunk.text) for hit in passages])
    found = [(number, reading) for number, reading in enumerate(readings) if reading.span is not None]
    if not found:
        return None
    number, best = max(found, key=lambda pair: _log_odds(pair[1].answerable) - RANK_PENALTY * pair[0])
    assert best.span is not None
    text = passages[number].chunk.text
    start, end = _sentences_around(text, best.span.start, best.span.end)
    citation = Citation.of_passage(passages, number, start, end)
    return DirectAnswer(text[best.span.start : best.span.end], citation, round(best.answerable, 4))


def _title(hit: Hit) -> str:
    return " > ".join(hit.chunk.headings) or hit.chunk.document


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, _CERTAIN), 1 - _CERTAIN)
    return math.log(bounded / (1 - bounded))


def _sentences_around(text: str, start: int, end: int) -> tuple[int, int]:
    held = [(begin, stop) for begin, stop in sentence_spans(text) if begin < end and stop > start]
    if not held or held[-1][1] - held[0][0] > MAX_CHARACTERS:
        return start, end
    return min(start, held[0][0]), max(end, held[-1][1])
