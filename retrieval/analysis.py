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
    return [term for match in _TOKEN.finditer(normal) for term in _expand(match)]


def _expand(match: re.Match[str]) -> Iterator[str]:
    token = match.group()
    if match.lastgroup == "cjk":
        yield from _cjk_terms(token)
    elif match.lastgroup == "number":
        yield _THOUSANDS.sub("", token).rstrip(".,")
    else:
        # "company's" and "company" are one term: what follows an apostrophe is a suffix in English and French alike
        yield _stemmer().stemWord(re.split("['’]", token)[0] if len(token) > 3 else token)


def _cjk_terms(run: str) -> Iterator[str]:
    yield from run
    yield from (run[position : position + 2] for position in range(len(run) - 1))


def _stemmer() -> Stemmer.Stemmer:
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer
