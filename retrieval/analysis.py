"""Turns text into the terms that BM25 counts, the same way for passages and for queries.

Latin words are lower-cased and stemmed (Snowball English), numbers lose their thousands separators, and Chinese,
Japanese and Korean runs, which have no spaces, become single characters and overlapping pairs (a word segmenter ranked
no better, see docs/decisions.md).
`ANALYSER` is stamped into every index: terms made by different analysers must not meet.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

ANALYSER = "nfkc-snowball-cjk-bigrams-1"

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(
    rf"(?P<cjk>[{_CJK}]+)|(?P<number>\d+(?:[.,]\d+)*)|(?P<word>[^\W\d_{_CJK}]+(?:['’][^\W\d_{_CJK}]+)*)"
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_local = threading.local()  # a Stemmer object must not be used by two threads at once


def terms(text: str) -> list[str]:
    """The terms of the text in reading order, repeats included."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = []
    for match in _TOKEN.finditer(normal):
        token = match.group()
        if match.lastgroup == "word":
            found.append(_stemmed(token) if len(token) <= _REMEMBERED_LENGTH else _stem(token))
        elif match.lastgroup == "number":
            found.append(_THOUSANDS.sub("", token).rstrip(".,"))
        else:
            found.extend(_cjk_terms(token))
    return found


def _stem(word: str) -> str:
    # "company's" and "company" are one term: what follows an apostrophe is a suffix in English and French alike
    stem: str = _stemmer().stemWord(re.split("['’]", word)[0] if len(word) > 3 else word)
    return stem


# The words of a language come again and again: remembering them takes a third of the time.
_stemmed = lru_cache(maxsize=65_536)(_stem)
# Longer runs of letters are no words, and must not fill the memory.
_REMEMBERED_LENGTH = 40


def _cjk_terms(run: str) -> Iterator[str]:
    yield from run
    yield from (run[position : position + 2] for position in range(len(run) - 1))


def _stemmer() -> Stemmer.Stemmer:
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer
