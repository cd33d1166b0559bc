"""What a trained reader is worth on questions it was not trained on, and what its scores mean as chances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from generation.answer_overlap import best, exact_match, token_f1
from generation.reader import Reader, Reading, Text
from generation.reader_examples import LabelledQuestion, LabelledSet, ReaderExample
from generation.reader_weights import AnswerableCalibration

UNCALIBRATED = AnswerableCalibration(1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Found:
    """What the reader made of one question and the passage that it was asked of."""

    question: LabelledQuestion
    answer: str
    reading: Reading

    @property
    def exact(self) -> float:
        """1 if it found an accepted answer and nothing more."""
        return best(exact_match, self.answer, self.question.answers)

    @property
    def f1(self) -> float:
        """Token F1 by the accepted answer that suits best."""
        return best(token_f1, self.answer, self.question.answers)


def ask(reader: Reader, chosen: Sequence[LabelledQuestion], labelled: LabelledSet) -> list[Found]:
    """Every question put to its own passage, whether that answers it or not."""
    found = []
    for question in chosen:
        title, passage = labelled.passages[question.passage]
        (reading,) = reader.read(question.text, [Text(title, passage)])
        span = reading.span
        found.append(Found(question, passage[span.start : span.end] if span else "", reading))
    return found


def auroc(found: Sequence[Found]) -> float:
    """How often a question with an answer in its passage has a higher chance than one without."""
    return float(
        roc_auc_score([bool(one.question.answers) for one in found], [one.reading.answerable for one in found])
    )


def calibrated(reader: Reader, examples: Sequence[ReaderExample]) -> AnswerableCalibration:
    """The chances that fit these examples best; the reader must be uncalibrated."""
    scores, labels = [], []
    for example in examples:
        (reading,) = reader.read(example.question, [Text(example.title, example.passage)])
        if reading.span is not None:
            scores.append((reading.span.margin, reading.logit))
            labels.append(example.answer is not None)
    model = LogisticRegression(C=1.0).fit(np.array(scores), labels)
    margin, logit = model.coef_[0].tolist()
    return AnswerableCalibration(margin, logit, float(model.intercept_[0]))
