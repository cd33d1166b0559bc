"""The words of a question with their places: what names, values and cues are matched against.

Latin words are stemmed as the sparse index stems them; of Chinese every character is a word of its own, so that a
name is found wherever it stands. Words that carry no meaning by themselves are left out: "Jack and the Giant Squid"
is `jack giant squid`, in a table and in a question alike.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.analysis import terms

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_CJK}]|\d+(?:[.,]\d+)*|[^\W\d_{_CJK}]+(?:['’][^\W\d_{_CJK}]+)?")
_CLOSED = (
    "a an the of in on at to for from with by and or is are was were be been do does did has have "
    "had it its this that these those there which what who whom whose when where how i me my we our "
    "you your as if then than so please show list give tell find placed handled belong contain "
    "happened s can could would should will many much any some made make get got come came 的 了 是 "
    "在 有 和 与 个 吗 呢 请 我 由 为 中 里 哪 些 什 么 多 少 几"
)
CLOSED = frozenset(_CLOSED.split())
# Stems of English leave the forms of these words apart.
_IRREGULAR = {"gave": "giver", "given": "giver", "gives": "giver", "sold": "sale", "paid": "pay", "spent": "spend"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: its stem, and where it stands in the normal form."""

    stem: str
    start: int
    end: int

    @property
    def is_closed(self) -> bool:
        """Whether it says nothing by itself."""
        return self.stem in CLOSED


def normal(text: str) -> str:
    """The text as it is compared: full-width forms, capitals and typographic quotes do not count."""
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def words(text: str) -> Sequence[Word]:
    """The words of the text's normal form."""
    return [Word(_stem(match.group()), match.start(), match.end()) for match in _WORD.finditer(normal(text))]


def stems(text: str) -> tuple[str, ...]:
    """The stems of the words that say something; all of them if none does."""
    found = words(text.replace("_", " "))
    return tuple(word.stem for word in found if not word.is_closed) or tuple(word.stem for word in found)


def _stem(word: str) -> str:
    if word in CLOSED:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    found = terms(word)
    return found[0] if len(found) == 1 else word
