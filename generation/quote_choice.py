"""Answers with the very words of a passage: the sentence that a small model finds likeliest to hold the answer.

The model (trees that LightGBM trained, `bench/train_quotes.py`) weighs what the embedder, the reader and the search
make of each sentence. Nothing is made up, but what is quoted may be beside the point: the chance says how likely not.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generation.asked_form import asked_form
from generation.quote_candidates import Gathered, PassageReader, Sentence, TextEmbedder, gather
from generation.quote_features import answerable, matrix
from generation.quoting import Quote
from generation.types import Citation
from retrieval import tree_ensemble
from retrieval.sentences import on_one_line
from retrieval.table_text import CELL_SEPARATOR
from retrieval.types import Hit

QUOTE_MODEL = Path(__file__).parent / "quote_model.txt"
CALIBRATION = Path(__file__).parent / "quote_calibration.json"
# A second sentence is quoted where it is so likely and the first one not likely enough.
FURTHER, ENOUGH = 0.1, 0.7
# Where none is likely, so many are shown: three hold the answer up to twice as often as the first alone does.
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Calibration:
    """The chance that a sentence holds the answer, by a logistic fit.

    The trees only say which of a question's sentences is likeliest; whether any answers is the reader's to tell.
    """

    score: float  # weight of the trees' sum
    share: float  # weight of what the sentence has of all sentences' scores: how far it stands out
    answerable: float  # weight of the reader's log-odds that the passage answers
    intercept: float
    answered: float  # chance of the best passage, by the reader, below which nothing counts as an answer
    reader: str = ""  # begin of the SHA-256 of the reader's file that all of it was fitted with

    def chance(self, score: float, share: float, answerable: float) -> float:
        """The chance for this score, its share of all and these log-odds."""
        logit = self.score * score + self.share * share + self.answerable * answerable + self.intercept
        return float(1 / (1 + np.exp(-logit)))


class QuoteChooser:
    """Holds the reader and the model; safe to use from several threads, since nothing in it changes."""

    def __init__(self, reader: PassageReader, model: str | None = None, calibration: Calibration | None = None) -> None:
        """The model that ships, or a LightGBM text model. Raises `ModelUnavailable` if it cannot be read."""
        self._reader = reader
        self._trees = tree_ensemble.read(model or QUOTE_MODEL.read_text())
        self._calibration = calibration or Calibration(**json.loads(CALIBRATION.read_text()))

    def quote(self, embedder: TextEmbedder, question: str, passages: Sequence[Hit], evidence: float) -> Quote | None:
        """The likeliest sentence; None if the passages hold none. `evidence` is the search's own chance."""
        gathered = gather(embedder, self._reader, question, passages, evidence)
        ranked, form = _different(self.ranked(gathered)), asked_form(question)
        if not ranked:
            return None
        if form is not None:
            ranked.sort(key=lambda one: form.search(one[0].text) is None)
        (sentence, chance), *others = ranked
        is_answer = max(gathered.chances) >= self._calibration.answered
        if form is not None:
            is_answer = form.search(sentence.text) is not None
        alone = Quote(_cited(passages, sentence), round(chance, 4), "reader", is_answer=is_answer)
        if alone.unsure or not is_answer:
            return replace(alone, further=[_cited(passages, other) for other, _ in others[: NEAREST - 1]])
        beside = [other for other, likely in others[:1] if likely >= FURTHER and chance < ENOUGH]
        # In a row of a table nothing is marked: the reader finds the row, and every other time the wrong cell of it.
        span = None if CELL_SEPARATOR in sentence.text else sentence.span
        return replace(alone, further=[_cited(passages, other) for other in beside], span=span)

    def ranked(self, gathered: Gathered) -> list[tuple[Sentence, float]]:
        """What can be quoted with its chances, the likeliest first."""
        places = [place for place, sentence in enumerate(gathered.sentences) if sentence.quotable]
        if not places:
            return []
        scores = self._trees.predict(matrix(gathered, places, self._trees.features))
        found, share = [], shares(scores)
        for at in np.argsort(-scores, kind="stable"):
            chance = self._calibration.chance(float(scores[at]), float(share[at]), answerable(gathered, places[at]))
            found.append((gathered.sentences[places[at]], chance))
        return found


def shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each sentence has of all: the softmax of the trees' sums."""
    raised: NDArray[np.float64] = np.exp(scores - scores.max())
    total: float = raised.sum()
    return raised / total


def _different(ranked: Sequence[tuple[Sentence, float]]) -> list[tuple[Sentence, float]]:
    """Each of what may be quoted once: several passages may say the same."""
    by_text: dict[str, tuple[Sentence, float]] = {}
    for sentence, chance in ranked:
        by_text.setdefault(on_one_line(sentence.text), (sentence, chance))
    return list(by_text.values())


def _cited(passages: Sequence[Hit], sentence: Sentence) -> Citation:
    return Citation.of_passage(passages, sentence.passage, sentence.start, sentence.end)
