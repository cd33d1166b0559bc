"""Claims with passages, some supported and some not, made of questions with answers; and those people labelled.

A question becomes a claim when an answer takes the place of its question word. It is not well-formed English, but has
the words, numbers, names and order that a small model's answer has. What is not supported is made from such claims, one
kind of fault at a time, and never from a claim of another split: SQuAD's splits are by article.
"""

import gzip
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import corpora
from bench.corpora import Passage, Question
from generation.claim_evidence import Words
from retrieval.sentences import sentence_spans
from retrieval.types import Chunk, Hit

_ASKS_ENGLISH = re.compile(
    r"(?i)\b(?:in |on |at |by |for |to |from )?"
    r"(?:what|which|who|whom|whose|when|where|how (?:many|much|long|old|far|often)|how|why)\b"
)
_ASKS_CHINESE = re.compile(r"是?(?:什么时候|什么|何时|哪里|哪儿|哪[一个年位些]*|谁|多少|几|何|怎样|如何)")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_VERB = re.compile(r"(?i)\b(is|was|are|were|has|had|did|does|do|can|will|would)\b")
_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class ClaimExample:
    """A claim, the passages it is held against, and whether they support it."""

    kind: str  # "supported", or what is wrong with it
    source: str
    claim: str
    passages: Sequence[Hit]
    supported: bool
    gold: str = ""  # the passage that supports it


def constructed(folder: Path, split: str, count: int, seed: int = 0) -> list[ClaimExample]:
    """Of up to `count` questions of a corpus: supported claims, and those of their faults that can be made."""
    generator = random.Random(seed)
    passages = {passage.id: passage for passage in corpora.load(folder, split).passages}
    questions = corpora.questions(folder, split)
    answerable = [question for question in questions if question.answerable]
    maker = _Maker(folder.name, passages, answerable, generator)
    found = [
        example
        for question in generator.sample(answerable, min(count, len(answerable)))
        for example in maker.of_question(question)
    ]
    unanswerable = [question for question in questions if not question.answerable]
    for question in generator.sample(unanswerable, min(count // 2, len(unanswerable))):
        found += maker.of_unanswerable(question)
    return found


def labelled(path: Path, held_out: bool) -> list[ClaimExample]:
    """WiCE's claims of Wikipedia against the pages they cite; half of the articles are held out.

    `supported` is true only of what its annotators called supported; `kind` has their word.
    """
    found = []
    with gzip.open(path, "rt") as file:
        for row in map(json.loads, file):
            if (sum(row["meta"]["claim_title"].encode()) % 2 == 0) is held_out:
                page = [_hit(str(number), "", text) for number, text in enumerate(_pages(row["evidence"]))]
                found.append(ClaimExample(row["label"], "wice", row["claim"], page, row["label"] == "supported"))
    return found


class _Maker:
    """Makes examples of one corpus and split."""

    def __init__(
        self, source: str, passages: Mapping[str, Passage], questions: Sequence[Question], generator: random.Random
    ) -> None:
        self._source = source
        self._passages = passages
        self._random = generator
        self._by_passage: dict[str, list[Question]] = {}
        self._by_title: dict[str, list[str]] = {}
        for question in questions:
            (own, *_) = sorted(question.passages)
            self._by_passage.setdefault(own, []).append(question)
            siblings = self._by_title.setdefault(passages[own].title, [])
            if own not in siblings:
                siblings.append(own)
        self._all = list(self._by_passage)

    def of_question(self, question: Question) -> Iterator[ClaimExample]:
        (own, *_) = sorted(question.passages)
        answer = min(question.answers, key=len)
        given = self._with_others(own)
        yield self._example("supported", claim_of(question.text, self._random.choice(question.answers)), given, own)
        sentence = self._sentence_with(own, answer)
        if sentence:
            yield self._example("supported", self._shortened(sentence, answer), given, own)
            yield from self._negated(sentence, given)
            yield from self._changed(sentence, answer, own, given)
        yield from self._swapped(question, answer, own, given)
        yield self._example("other passages", claim_of(question.text, answer), self._without(own))

    def of_unanswerable(self, question: Question) -> Iterator[ClaimExample]:
        """The question's words beside an answer to another question about the same passage."""
        (own, *_) = sorted(question.passages)
        others = self._by_passage.get(own)
        if others:
            answer = self._random.choice(self._random.choice(others).answers)
            yield self._example("unanswerable question", claim_of(question.text, answer), self._with_others(own))

    def _swapped(self, question: Question, answer: str, own: str, given: Sequence[Hit]) -> Iterator[ClaimExample]:
        text = self._passages[own].text
        if numbers := _NUMBER.findall(answer):
            other = [found for found in _NUMBER.findall(text) if found not in answer and found not in question.text]
            changed = [self._random.choice(other)] if other else []
            for kind, number in [("number of the passage", one) for one in changed] + [
                ("number", self._near(numbers[0]))
            ]:
                yield self._example(kind, claim_of(question.text, answer.replace(numbers[0], number, 1)), given)
        kinds = {
            "answer of the passage": [one for one in self._by_passage[own] if one is not question],
            "answer of another": self._by_passage[self._random.choice(self._all)],
        }
        for kind, questions in kinds.items():
            wrong = [
                one
                for other in questions
                for one in other.answers
                if not _overlap(one, (*question.answers, question.text))
            ]
            if wrong and not numbers:
                yield self._example(kind, claim_of(question.text, self._random.choice(wrong)), given)
        if names := _NAME.findall(question.text):
            name = self._random.choice(names)
            other = [
                found for found in _NAME.findall(text) if found not in question.text and not _overlap(found, (answer,))
            ]
            if other:
                asked = question.text.replace(name, self._random.choice(other), 1)
                yield self._example("name of the passage", claim_of(asked, answer), given)

    def _changed(self, sentence: str, answer: str, own: str, given: Sequence[Hit]) -> Iterator[ClaimExample]:
        """A sentence of the passage with another answer of the same passage in place of its own."""
        others = [one for question in self._by_passage[own] for one in question.answers]
        wrong = [one for one in others if not _overlap(one, (sentence,))]
        if wrong:
            changed = sentence.replace(answer, self._random.choice(wrong), 1)
            yield self._example("sentence with another answer", changed, given)

    def _negated(self, sentence: str, given: Sequence[Hit]) -> Iterator[ClaimExample]:
        verb = _VERB.search(sentence)
        chinese = re.search("[是在有被为]", sentence)
        if verb and not Words.of(sentence).is_negated:
            yield self._example("negation", f"{sentence[: verb.end()]} not{sentence[verb.end() :]}", given)
        elif chinese and not verb and not Words.of(sentence).is_negated:
            yield self._example("negation", f"{sentence[: chinese.start()]}不{sentence[chinese.start() :]}", given)

    def _near(self, number: str) -> str:
        plain = number.replace(",", "")
        if "." in plain:
            return f"{float(plain) + self._random.choice((0.3, 1.0, -0.1)):.1f}"
        value = int(plain)
        return str(max(value + self._random.choice((-11, -3, -1, 1, 2, 7, 20)), 0) or value + 1)

    def _with_others(self, own: str) -> list[Hit]:
        return self._shuffled([own, *self._siblings(own, _PASSAGES - 1)])

    def _without(self, own: str) -> list[Hit]:
        return self._shuffled(self._siblings(own, _PASSAGES))

    def _siblings(self, own: str, count: int) -> list[str]:
        """Passages of the same article first, which are hardest to tell from the right one."""
        near = [one for one in self._by_title[self._passages[own].title] if one != own]
        far = [one for one in self._random.sample(self._all, min(8, len(self._all))) if one != own and one not in near]
        self._random.shuffle(near)
        return [*near, *far][:count]

    def _shuffled(self, ids: list[str]) -> list[Hit]:
        self._random.shuffle(ids)
        return [_hit(one, self._passages[one].title, self._passages[one].text) for one in ids]

    def _sentence_with(self, own: str, answer: str) -> str:
        text = self._passages[own].text
        return next((text[a:b] for a, b in sentence_spans(text) if answer in text[a:b] and b - a < 400), "")

    def _shortened(self, sentence: str, answer: str) -> str:
        """The sentence without a clause that lacks the answer, if it has one."""
        clauses = re.split(r"(?<=[,，;；])", sentence)
        spare = [clause for clause in clauses if answer not in clause]
        if len(clauses) > 1 and spare:
            clauses.remove(self._random.choice(spare))
        return "".join(clauses)

    def _example(self, kind: str, claim: str, given: Sequence[Hit], gold: str = "") -> ClaimExample:
        return ClaimExample(kind, self._source, claim, given, kind == "supported", gold)


def claim_of(question: str, answer: str) -> str:
    """The question's words with the answer where its question word stands, or in front of them."""
    stated = question.rstrip("?？ ")
    asks = _ASKS_CHINESE.search(stated) or _ASKS_ENGLISH.search(stated)
    if not asks:
        return f"{answer}: {stated}"
    if _ASKS_CHINESE.search(stated):
        return f"{stated[: asks.start()]}{answer}{stated[asks.end() :]}."
    return " ".join([*stated[: asks.start()].split(), answer, *stated[asks.end() :].split()]) + "."


def _overlap(text: str, others: Sequence[str]) -> bool:
    words = Words.of(text).terms
    return not words or any(words & Words.of(other).terms for other in others)


def _pages(sentences: Sequence[str]) -> Iterator[str]:
    """Sentences in passages of about 800 characters."""
    page = ""
    for sentence in sentences:
        if page and len(page) + len(sentence) > 800:
            yield page
            page = ""
        page += sentence + "\n\n"
    if page.strip():
        yield page


def _hit(number: str, title: str, text: str) -> Hit:
    chunk = Chunk(0, number, number, title.replace("_", " "), text, 0, len(text), None, (), 0)
    return Hit(chunk, 1.0, {})
