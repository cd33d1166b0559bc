"""Judges each sentence of an answer: do the passages support it, where, and how sure is that?

A small model (trees that LightGBM trained, `bench/train_claims.py`) over words, numbers, names and their order; it
reads no meaning beyond that. Its score is calibrated: of the claims with a score of 0.8, about 8 in 10 were supported.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generation.citation_check import MARKER
from generation.claim_evidence import EvidenceFinder
from generation.claim_features import matrix
from generation.types import Citation, Claim, Verdict
from retrieval import tree_ensemble
from retrieval.sentences import sentence_spans
from retrieval.types import Hit

CLAIM_MODEL = Path(__file__).parent / "claim_model.txt"
CALIBRATION = Path(__file__).parent / "claim_calibration.json"
# A sentence of marks alone says nothing.
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the trees' sum to a chance (Platt, 1999), and the chances from which on a claim counts as what."""

    slope: float
    intercept: float
    supported: float
    partly: float

    def chance(self, score: float) -> float:
        """The chance that a claim with this score is supported."""
        return float(1 / (1 + np.exp(-(self.slope * score + self.intercept))))

    def verdict(self, chance: float) -> Verdict:
        """What to call a claim with this chance."""
        if chance >= self.supported:
            return "supported"
        return "partly" if chance >= self.partly else "unsupported"


class ClaimJudge:
    """Holds the model; safe to use from several threads, since nothing in it changes."""

    def __init__(self, model: str | None = None, calibration: Calibration | None = None) -> None:
        """The model that ships, or a LightGBM text model. Raises `ModelUnavailable` if it cannot be read."""
        self._trees = tree_ensemble.read(model or CLAIM_MODEL.read_text())
        self._calibration = calibration or Calibration(**json.loads(CALIBRATION.read_text()))

    def judge(self, answer: str, passages: Sequence[Hit]) -> list[Claim]:
        """A claim for every sentence of the answer that says something, in order."""
        finder = EvidenceFinder(passages)
        spans = sentence_spans(answer, streamed=True)  # as they were cited
        stated = [(start, end, MARKER.sub("", answer[start:end])) for start, end in spans]
        stated = [entry for entry in stated if _WORD.search(entry[2])]
        found = [finder.find(text) for _, _, text in stated]
        compared = [one for one in found if one is not None]
        scores = iter(self._trees.predict(matrix(compared, self._trees.features)).tolist() if compared else [])
        claims = []
        for (start, end, _), one in zip(stated, found, strict=True):
            if one is None:
                claims.append(Claim(start, end, "unsupported", 0.0, None))
                continue
            chance = self._calibration.chance(next(scores))
            verdict = self._calibration.verdict(chance)
            window = one.window
            evidence = Citation.of_passage(passages, window.passage, window.start, window.end)
            claims.append(Claim(start, end, verdict, round(chance, 4), evidence if verdict != "unsupported" else None))
        return claims
