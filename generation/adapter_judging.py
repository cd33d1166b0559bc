"""What a model that writes short answers is worth on questions it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.adapter_lessons import Asked, Lesson
from generation.answer_overlap import exact_match, token_f1
from generation.prompts import ENGLISH, tuned_messages
from generation.types import GenerationOptions, LanguageModel

_MOST_TOKENS = 40


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote to a question, and what would have been right."""

    text: str
    right: str

    @property
    def is_refusal(self) -> bool:
        """Whether it says that no passage answers."""
        return self.text.startswith(ENGLISH.refusal)

    @property
    def should_refuse(self) -> bool:
        """Whether no passage does."""
        return self.right == ENGLISH.refusal


@dataclass(frozen=True, slots=True)
class Worth:
    """Shares of the answerable questions, and of the others."""

    exact: float
    f1: float
    cited: float  # with the right number and no other
    refused_wrongly: float
    refused_rightly: float
    answerable: int
    unanswerable: int


def ask(model: LanguageModel, lessons: Sequence[Lesson], at_most: int) -> list[Written]:
    """Each question alone, with the passages of its lesson, written greedily."""
    asked = [(lesson.passages, one) for lesson in lessons for one in lesson.asked][:at_most]
    return [Written(_write(model, passages, one), one.answer) for passages, one in asked]


def worth(written: Sequence[Written]) -> Worth:
    """The shares; 0 where there is no such question."""
    given = [one for one in written if not one.should_refuse]
    others = [one for one in written if one.should_refuse]
    answers = [("" if one.is_refusal else _bare(one.text), _bare(one.right)) for one in given]
    return Worth(
        exact=_mean([exact_match(said, right) for said, right in answers]),
        f1=_mean([token_f1(said, right) for said, right in answers]),
        cited=_mean([float(_marker(one.text) == _marker(one.right)) for one in given]),
        refused_wrongly=_mean([float(one.is_refusal) for one in given]),
        refused_rightly=_mean([float(one.is_refusal) for one in others]),
        answerable=len(given),
        unanswerable=len(others),
    )


def _write(model: LanguageModel, passages: Sequence[str], asked: Asked) -> str:
    messages = tuned_messages(asked.question, asked.history, passages)
    pieces = model.stream(messages, GenerationOptions(max_tokens=_MOST_TOKENS), lambda: False)
    return "".join(piece.text for piece in pieces).strip()


def _bare(answer: str) -> str:
    return answer.rpartition(" [")[0] or answer


def _marker(answer: str) -> str:
    return answer.rpartition(" [")[2]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
