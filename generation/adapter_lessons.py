"""What the adapter learns from: passages in the service's own prompt, and the questions that are asked about them.

A prompt is nearly all passages, so several questions share one: the passages are read once, and each question stands
behind them as if it were alone (`generation.adapter_training`). Right answers are as short as the sets have them, with
the number of the passage. Where no passage answers the right words are a refusal: questions that people wrote to look
answerable, and questions of a passage like these that is not among them.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generation.prompts import ENGLISH, wording_for
from generation.reader_examples import LabelledQuestion, LabelledSet, ReaderExample, place_of, shortened
from generation.types import Message
from retrieval.analysis import terms
from retrieval.indexes import sparse

# Folders in the BEIR layout, and which share of their passages an epoch takes.
SETS: Mapping[str, float] = {"squad": 1.0, "nq_gold": 1.0}
# Questions about the same passages; a prompt that is read for one of them costs as much as for several.
FEWEST_ASKED, MOST_ASKED = 2, 10
# How many passages stand beside the one that is asked about, by chance; and of how many such an epoch asks, too.
_BESIDE = (0.1, 0.15, 0.3, 0.25, 0.2)
_SHORTENED = 0.7  # share of the passages that are cut to a few sentences
_REFUSED = 0.3  # at most so many of the answers are refusals
_REMEMBERING = 0.15  # share of the questions that come with an earlier one
_NEIGHBOURS = 12  # passages most like one, of which those beside it are drawn


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what was said before it, and the right answer in the very form that is wanted."""

    question: str
    history: Sequence[Message]
    answer: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """Passages as they stand in a prompt, the first with number 1, and what is asked about them."""

    passages: Sequence[str]
    asked: Sequence[Asked]


class Lessons:
    """The lessons of any epoch, the same for the same seed and number: everything else is drawn anew in each."""

    def __init__(self, sets: Mapping[str, LabelledSet], seed: int, shares: Mapping[str, float] | None = None) -> None:
        """Of each set an epoch takes this share of the passages, 1 where none is said."""
        self._asked_of = {name: _by_passage(found) for name, found in sets.items()}
        self._similar = {name: _Similar(found) for name, found in sets.items()}
        self._sets = sets
        self._seed = seed
        self._shares = shares or {}

    def epoch(self, number: int) -> list[Lesson]:
        """Its lessons, in an order drawn by chance; nearly every question is asked, mostly once."""
        coin = random.Random(f"{self._seed}/{number}")  # noqa: S311 - repeatable, not secret
        lessons: list[Lesson] = []
        for name, asked_of in self._asked_of.items():
            left = [passage for passage in asked_of if coin.random() < self._shares.get(name, 1.0)]
            coin.shuffle(left)
            done: set[str] = set()
            for passage in left:
                if passage not in done:
                    lessons += self._about(name, passage, done, coin)
        coin.shuffle(lessons)
        return lessons

    def _about(self, name: str, passage: str, done: set[str], coin: random.Random) -> Iterator[Lesson]:
        """The lessons about a passage and those beside it, some of whose questions are asked with it."""
        asked_of, count = self._asked_of[name], coin.choices(range(len(_BESIDE)), _BESIDE)[0]
        similar = self._similar[name].to(passage)
        coin.shuffle(similar)
        similar.sort(key=lambda other: 2 if other not in asked_of else other in done)  # first what is still to be asked
        beside, absent = similar[:count], similar[count:]
        asked = list(asked_of[passage])
        done.add(passage)
        for other in beside:
            if len(asked) + len(asked_of.get(other, ())) <= MOST_ASKED:
                asked += asked_of.get(other, ())
                done.add(other)
        if absent and (foreign := asked_of.get(coin.choice(absent))):
            asked.append(coin.choice(foreign))
        coin.shuffle(asked)
        shown = [passage, *beside]
        coin.shuffle(shown)
        for first in range(0, len(asked), MOST_ASKED):
            lesson = self._lesson(name, shown, asked[first : first + MOST_ASKED], coin)
            if len(lesson.asked) >= FEWEST_ASKED:
                yield lesson

    def _lesson(
        self, name: str, shown: Sequence[str], asked: Sequence[LabelledQuestion], coin: random.Random
    ) -> Lesson:
        texts = {passage: self._text(name, passage, asked, coin) for passage in shown}
        given, refused = list[Asked](), list[Asked]()
        for question in asked:
            if wording_for(question.text) is not ENGLISH:
                continue
            right = _right(question, texts, coin)
            history = _history(given, coin)
            if right is not None:
                given.append(Asked(question.text, history, right))
            elif not any(answer.lower() in text.lower() for answer in question.answers for text in texts.values()):
                refused.append(Asked(question.text, history, ENGLISH.refusal))
        most = round(len(given) * _REFUSED / (1 - _REFUSED)) if given else len(refused)
        chosen = [*given, *coin.sample(refused, min(most, len(refused)))]
        coin.shuffle(chosen)
        return Lesson(list(texts.values()), chosen)

    def _text(self, name: str, passage: str, asked: Sequence[LabelledQuestion], coin: random.Random) -> str:
        """The passage, or some sentences of it around the answer to one of the questions."""
        text = self._sets[name].passages[passage][1]
        about = [question for question in asked if question.passage == passage]
        place = None
        if about and (question := coin.choice(about)).answers:
            place = place_of(question.answers[0], text, question.text)
        return shortened(ReaderExample("", "", text, place), _SHORTENED, coin).passage


class _Similar:
    """Finds passages on the same matter, by their words."""

    def __init__(self, found: LabelledSet) -> None:
        self._ids = list(found.passages)
        self._texts = [f"{title} {text}" for title, text in found.passages.values()]
        self._index = sparse.build([" ".join(terms(text)) for text in self._texts])
        self._alive = np.ones(len(self._ids), dtype=np.bool_)
        self._place = {passage: place for place, passage in enumerate(self._ids)}

    def to(self, passage: str) -> list[str]:
        """The passages most like this one, without it, best first."""
        query = list(dict.fromkeys(terms(self._texts[self._place[passage]])))
        scores = sparse.bm25([self._index], [self._alive], query)[0]
        best = np.argsort(-scores, kind="stable")[: _NEIGHBOURS + 1]
        return [self._ids[row] for row in best.tolist() if self._ids[row] != passage][:_NEIGHBOURS]


def cited(answer: str, number: int) -> str:
    """An answer in the form that is learnt."""
    return f"{answer.strip()} [{number}]"


def _by_passage(found: LabelledSet) -> dict[str, list[LabelledQuestion]]:
    asked: dict[str, list[LabelledQuestion]] = {}
    for question in found.questions:
        asked.setdefault(question.passage, []).append(question)
    return asked


def _right(question: LabelledQuestion, texts: Mapping[str, str], coin: random.Random) -> str | None:
    """The answer with its passage's number; None where the texts that are shown have none."""
    text = texts.get(question.passage)
    if text is None or not question.answers:
        return None
    held = [answer for answer in question.answers if terms(answer) and place_of(answer, text, question.text)]
    return cited(coin.choice(held), list(texts).index(question.passage) + 1) if held else None


def _history(given: Sequence[Asked], coin: random.Random) -> Sequence[Message]:
    """Now and then an earlier question about these passages with its answer, as a conversation has it."""
    if not given or coin.random() >= _REMEMBERING:
        return ()
    earlier = coin.choice(given)
    return (Message("user", earlier.question), Message("assistant", earlier.answer))
