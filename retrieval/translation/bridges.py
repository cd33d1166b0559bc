"""What a passage adds to a question: the sentences that speak of it, the names in them, and what it leaves open."""

import re

from retrieval.analysis import terms
from retrieval.sentences import sentence_spans
from retrieval.translation.names import name_spans

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def best_sentences(question: str, text: str, count: int) -> list[str]:
    """The sentences with most of the question's terms, in their order; of equals the first."""
    asked = set(terms(question))
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    shared = [len(asked & set(terms(sentence))) for sentence in sentences]
    best = sorted(range(len(sentences)), key=lambda place: (-shared[place], place))[:count]
    return [sentences[place] for place in sorted(best)]


def unknown_names(text: str, question: str) -> list[str]:
    """Names in the text that the question does not have, each once, in their order."""
    asked = set(terms(question))
    names = [text[start:end] for start, end in name_spans(text)]
    return list(dict.fromkeys(name for name in names if len(name) > 1 and not set(terms(name)) <= asked))


def uncovered(question: str, text: str) -> list[str]:
    """The question's words that the text does not have, in their order."""
    known = set(terms(text))
    return [word for word in _WORD.findall(question) if not known & set(terms(word))]
