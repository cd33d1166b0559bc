"""What the reader learns from: questions with the place of their answer in a passage, or with a passage that has none.

Published sets say what the answer is, not always where: of several places the one whose surroundings share most words
with the question is taken. Passages without the answer are of four kinds, hard ones among them: questions that people
wrote to look answerable, the passage without the sentences that hold the answer, another passage on the same matter,
and the question with one of its numbers or names replaced.
"""

import gzip
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from generation.reader_input import title_of
from retrieval.analysis import terms
from retrieval.errors import InvalidRequest
from retrieval.indexes import sparse
from retrieval.sentences import sentence_spans
from retrieval.table_text import head_of
from retrieval.types import Json

# Folders in the BEIR layout, and which share of their questions an epoch takes.
SETS: Mapping[str, float] = {"squad": 1.0, "nq_gold": 1.0, "cmrc2018": 0.6}
# Of every answerable question, the chance that an epoch also has it with no answer, by kind.
_WITHOUT_SENTENCE, _ELSEWHERE, _ALTERED = 0.12, 0.10, 0.08
_TITLED = 0.5  # a service knows what its passages belong to, and must also do without
# Much of what tells an answer from its surroundings is near it, and a short passage is read in half the time: so most
# are short in the first epoch, and half of them later.
_SHORTENED = (0.85, 0.5)
_SHORT_CHARACTERS, _LONG_CHARACTERS = 300, 1_200
_IDEOGRAPH_WEIGHT = 2.5  # a Chinese character says as much as so many letters
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_NUMBER = re.compile(r"\d+")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}(?: [A-Z][a-z]+)*")
_NEARBY = 120  # characters to either side of an answer that are compared with the question
_NAMES_FROM = 8  # other questions whose names may take the place of a name
_CANDIDATES = 5  # passages that are looked at for one without the answer


@dataclass(frozen=True, slots=True)
class ReaderExample:
    """A question, a passage and the answer's place in it, in characters; None where the passage has no answer."""

    question: str
    title: str
    passage: str
    answer: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question of a split, the passage it was asked of, and what it accepts; nothing where that has no answer."""

    id: str
    text: str
    passage: str  # id
    answers: Sequence[str]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One split of a published set: passages (title, text) by id, and the questions."""

    passages: Mapping[str, tuple[str, str]]
    questions: Sequence[LabelledQuestion]


def labelled(folder: Path, split: str) -> LabelledSet:
    """The questions of a split with their passages; raises `InvalidRequest` if the folder holds no such set."""
    judgements = folder / "qrels" / f"{split}.tsv"
    if not judgements.is_file():
        raise InvalidRequest(
            f"There is no {judgements.parent.parent.name}/qrels/{split}.tsv in the data folder; it must hold sets in "
            "the BEIR layout, with answers in the questions' metadata.",
            field="data",
        )
    rows = (line.split("\t") for line in judgements.read_text().splitlines()[1:])
    gold = {query: passage for query, passage, grade in rows if int(grade) > 0}
    passages = {row["_id"]: (row.get("title") or "", row["text"]) for row in _rows(folder / "corpus.jsonl")}
    questions = []
    for row in _rows(folder / "queries.jsonl"):
        facts = row.get("metadata") or {}
        unanswerable = facts.get("answerable") is False and facts.get("split") == split
        if unanswerable or (row["_id"] in gold and facts.get("answers")):
            passage = facts["context_id"] if unanswerable else gold[row["_id"]]
            answers = () if unanswerable else tuple(facts["answers"])
            questions.append(LabelledQuestion(row["_id"], row["text"], passage, answers))
    return LabelledSet(passages, questions)


class Epochs:
    """The examples of any epoch, the same for the same seed and number: chances are drawn anew in each."""

    def __init__(
        self,
        sets: Mapping[str, LabelledSet],
        seed: int,
        shares: Mapping[str, float] | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """Of each set an epoch takes this share of the questions, 1 where none is said.

        With `whole` passages are left at their length.
        """
        self._sets = sets
        self._shares = shares or {}
        self._seed = seed
        self._whole = whole
        self._neighbours = {name: _Neighbours(found) for name, found in sets.items()}

    def epoch(self, number: int) -> list[ReaderExample]:
        """Its examples, in an order drawn by chance."""
        generator = random.Random(f"{self._seed}/{number}")  # noqa: S311 - repeatable, not secret
        share = _SHORTENED[min(number, len(_SHORTENED) - 1)]
        examples: list[ReaderExample] = []
        for name, found in self._sets.items():
            for question in found.questions:
                if generator.random() < self._shares.get(name, 1.0):
                    made = self._of(name, question, generator)
                    examples += made if self._whole else [shortened(example, share, generator) for example in made]
        generator.shuffle(examples)
        return examples

    def _of(self, name: str, question: LabelledQuestion, generator: random.Random) -> Iterator[ReaderExample]:
        title, text = self._sets[name].passages[question.passage]
        title = title if generator.random() < _TITLED else ""
        if not question.answers:
            yield ReaderExample(question.text, title, text, None)
            return
        answer = place_of(generator.choice(question.answers), text, question.text)
        if answer is None:
            return
        example = ReaderExample(question.text, title, text, answer)
        yield example
        if generator.random() < _WITHOUT_SENTENCE and (rest := _without(text, question.answers)):
            yield ReaderExample(question.text, title, rest, None)
        if generator.random() < _ELSEWHERE:
            other_title, other = self._neighbours[name].passage_without(question)
            yield ReaderExample(question.text, other_title if title else "", other, None)
        if generator.random() < _ALTERED and (altered := _altered(question.text, self._sets[name], generator)):
            yield replace(example, question=altered, answer=None)


class _Neighbours:
    """Finds, by words, another passage that a question could have been asked of."""

    def __init__(self, found: LabelledSet) -> None:
        self._passages = list(found.passages.values())
        self._index = sparse.build([" ".join(terms(f"{title} {text}")) for title, text in self._passages])
        self._alive = np.ones(len(self._passages), dtype=np.bool_)

    def passage_without(self, question: LabelledQuestion) -> tuple[str, str]:
        """Title and text of the nearest passage that holds none of the answers; of the last looked at if all do."""
        scores = sparse.bm25([self._index], [self._alive], terms(question.text))[0]
        best = np.argsort(-scores, kind="stable")[: _CANDIDATES + 1]
        nearest = [self._passages[int(row)] for row in best]
        free = [found for found in nearest if not any(answer in found[1] for answer in question.answers)]
        return free[0] if free else nearest[-1]


def place_of(answer: str, passage: str, question: str) -> tuple[int, int] | None:
    """Where the passage gives the answer, in characters; of several places the one among the question's words."""
    pattern = re.escape(answer)
    if answer[:1].isascii() and answer[:1].isalnum():
        pattern = rf"(?<![A-Za-z0-9]){pattern}"
    if answer[-1:].isascii() and answer[-1:].isalnum():
        pattern = rf"{pattern}(?![A-Za-z0-9])"
    places = [match.span() for match in re.finditer(pattern, passage)]
    places = places or [match.span() for match in re.finditer(pattern, passage, re.IGNORECASE)]
    if len(places) < 2:
        return places[0] if places else None
    asked = frozenset(terms(question))

    def shared(place: tuple[int, int]) -> int:
        start, end = place
        return len(asked & frozenset(terms(passage[max(0, start - _NEARBY) : end + _NEARBY])))

    return max(places, key=shared)


def shortened(example: ReaderExample, share: float, generator: random.Random) -> ReaderExample:
    """The example with only some sentences of its passage, those with the answer among them; few in this share.

    Rows of a table that lose the one that names its columns have it in the title, as in a chunk.
    """
    budget = float(_SHORT_CHARACTERS if generator.random() < share else _LONG_CHARACTERS)
    if len(_CHINESE.findall(example.passage)) > len(example.passage) / 4:
        budget /= _IDEOGRAPH_WEIGHT
    sentences = sentence_spans(example.passage)
    if len(example.passage) <= budget or len(sentences) < 2:
        return example
    first = last = generator.randrange(len(sentences))
    if example.answer is not None:
        start, end = example.answer
        held = [place for place, (begin, stop) in enumerate(sentences) if begin < end and stop > start]
        first, last = (held[0], held[-1]) if held else (first, last)
    while first > 0 or last < len(sentences) - 1:
        backwards = first > 0 and (last == len(sentences) - 1 or generator.random() < 0.5)
        wider = (first - 1, last) if backwards else (first, last + 1)
        if sentences[wider[1]][1] - sentences[wider[0]][0] > budget:
            break
        first, last = wider
    cut = sentences[first][0]
    answer = example.answer and (example.answer[0] - cut, example.answer[1] - cut)
    passage = example.passage[cut : sentences[last][1]]
    head = head_of(example.passage, cut, ())
    headings = [part for part in (example.title, "" if passage.startswith(head) else head) if part]
    return replace(example, title=title_of(headings, ""), passage=passage, answer=answer)


def _without(passage: str, answers: Sequence[str]) -> str:
    """The passage without the sentences that hold an answer; empty where less than half of it would be left."""
    kept = [passage[start:end] for start, end in sentence_spans(passage)]
    kept = [sentence for sentence in kept if not any(answer.lower() in sentence.lower() for answer in answers)]
    rest = " ".join(kept)
    return rest if len(rest) * 2 > len(passage) else ""


def _altered(question: str, found: LabelledSet, generator: random.Random) -> str:
    """The question about another number or name; empty where it has none."""
    if numbers := list(_NUMBER.finditer(question)):
        number = generator.choice(numbers)
        digits = number.group()
        other = str(max(int(digits) + generator.choice([-30, -10, -7, -2, -1, 1, 2, 4, 10, 60]), 1))
        return question[: number.start()] + (other if other != digits else other + "0") + question[number.end() :]
    if names := list(_NAME.finditer(question)):
        name = generator.choice(names)
        others: list[str] = []
        for _ in range(_NAMES_FROM):
            others += _NAME.findall(generator.choice(found.questions).text)
        others = [other for other in others if other not in question and name.group() not in other]
        if others:
            return question[: name.start()] + generator.choice(others) + question[name.end() :]
    return ""


def _rows(path: Path) -> Iterator[Json]:
    packed = path.with_name(path.name + ".gz")
    with gzip.open(packed, "rt") if packed.exists() else path.open() as file:
        for line in file:
            yield json.loads(line)
