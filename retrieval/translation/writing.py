"""Queries that a language model writes: how it is asked, what of its text is a query, and how often it may be asked.

What a model writes is searched with, never shown as true: at worst it finds nothing. So a text is cleaned and bounded
here, and not checked for truth.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from retrieval.analysis import terms
from retrieval.errors import ScholiastError
from retrieval.types import CompletionModel, Prompt

# Longer ones are no queries: the model went on with something else.
MAX_QUERY_CHARACTERS = 300
MAX_PASSAGE_CHARACTERS = 1_000

_CHINESE_CHARACTER = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_LIST_MARKER = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,2}[.)、:：]|(?:[QA]|Step)\s?\d{0,2}[.:：])\s*")
_LABEL = re.compile(
    r"^\s*(?:[A-Za-z-]+ ){0,3}(?:questions?|quer(?:y|ies)|passage|问题|查询|段落)\s*\d?\s*[:：]\s*", re.IGNORECASE
)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_QUOTES = '"""'


@dataclass(frozen=True, slots=True)
class Wording:
    """A task in one language: the system's words, questions with what was written for them, and the question asked."""

    system: str
    examples: Sequence[tuple[str, str]]
    asked: str  # with a place for {question}
    max_tokens: int  # of what is written


Wordings = Mapping[str, Wording]  # by language (ISO 639-1)


class WriterFailed(Exception):
    """Nothing was written; the message says why."""


def language_of(text: str) -> str:
    """`zh` where Chinese characters outnumber the Latin words, else `en`."""
    return "zh" if len(_CHINESE_CHARACTER.findall(text)) > len(_LATIN_WORD.findall(text)) else "en"


@dataclass(slots=True)
class Writer:
    """A language model for the queries of one search."""

    model: CompletionModel
    languages: frozenset[str]  # that it writes, as ISO 639-1
    calls_left: int
    cancelled: Callable[[], bool] = field(default=lambda: False)  # whether the time of the search is up
    calls: int = 0

    def write(self, wordings: Wordings, question: str) -> str:
        """What the model writes for the question. Raises `WriterFailed`."""
        language = language_of(question)
        if language not in self.languages or language not in wordings:
            raise WriterFailed(f"the model does not write the question's language ({language})")
        if self.calls_left < 1:
            raise WriterFailed("the model may be asked no more: max_llm_calls")
        wording = wordings[language]
        prompt = _prompt(wording, question)
        if not self.model.fits(prompt, wording.max_tokens):
            raise WriterFailed("the question is longer than the model's context")
        self.calls_left -= 1
        self.calls += 1
        try:
            written = self.model.complete(prompt, wording.max_tokens, self.cancelled)
        except ScholiastError as error:  # a search does without what cannot be written
            raise WriterFailed(error.detail) from error
        if self.cancelled():
            raise WriterFailed("the time of the search was up while the model wrote")
        return written


def _prompt(wording: Wording, question: str) -> Prompt:
    """The prompt for a question, which cannot close its quotes."""
    examples = [(wording.asked.format(question=asked), written) for asked, written in wording.examples]
    return Prompt(wording.system, examples, wording.asked.format(question=question.strip().replace(_QUOTES, "'")))


def queries(written: str, question: str, at_most: int) -> list[str]:
    """The lines of the text that are queries, each once and other than the question."""
    known = {" ".join(terms(question))}
    found = []
    for line in written.splitlines():
        query = _cleaned(line)
        key = " ".join(terms(query))
        if key and key not in known and len(query) <= MAX_QUERY_CHARACTERS:
            known.add(key)
            found.append(query)
    return found[:at_most]


def passage(written: str) -> str:
    """The text as one paragraph; "" if it has no word."""
    text = " ".join(_cleaned(line) for line in written.splitlines() if line.strip())[:MAX_PASSAGE_CHARACTERS]
    return text if terms(text) else ""


def _cleaned(line: str) -> str:
    plain = _UNSEEN.sub(" ", line)
    return " ".join(_LABEL.sub("", _LIST_MARKER.sub("", plain)).strip(" \"'“”*`").split())
