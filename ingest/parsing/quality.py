"""Tells how well a file could be read, from what came out of it alone: a score, and what to say where it is low.

The score (0 to 1) is the product of four shares, each 1 for a file that reads well:

- readable: characters that are text; replacement characters (U+FFFD), private-use ones and `(cid:12)` are none;
- worded: words that look like words; strings of single letters (`s p a c e d`), and runs of signs, do not. A share of
  60 % counts as whole, because formulas, figures and tables are not made of words;
- filled: pages that hold text, of formats that have pages;
- sure: how confident text recognition (OCR) was; 1 where none was needed;
- whole: warnings say that parts are damaged or missing, each of which takes 5 %, 25 % at most.
"""

import re
from dataclasses import dataclass

from ingest.parsing.joining import holds_unspaced_letter
from ingest.parsing.types import ParsedDocument

_SAMPLE = 100_000  # characters, of the beginning, the middle and the end each
_READABLE, _WORDED, _FILLED, _SURE = 0.98, 0.8, 0.9, 0.85  # parts below these are worth a warning
_ENOUGH_WORDS = 0.6
_FEW_WORDS = 20  # of which a share says nothing
_EACH_WARNING = 0.05
_MOST_FOR_WARNINGS = 0.25
_UNREAD_GLYPH = re.compile(r"\(cid:\d+\)")
_NO_CHARACTER = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd]")
_LETTER = re.compile(r"[^\W\d_]")
_LOSS = re.compile(r"damaged|missing|left out")  # pages without text count in `filled`
_LONGEST_WORD = 45
_EMPTY_PAGES = "hold no text"  # in the warning of the PDF parser, which lists the pages


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a file could be read; every part from 0 (not at all) to 1."""

    readable: float
    worded: float
    filled: float
    sure: float
    whole: float

    @property
    def score(self) -> float:
        """The parts taken together."""
        return self.readable * self.worded * self.filled * self.sure * self.whole


def measure(document: ParsedDocument) -> Quality:
    """How well the file behind a parsed document could be read."""
    sample = _sample(document.text)
    losses = sum(_LOSS.search(warning) is not None for warning in document.warnings)
    return Quality(
        readable=share_readable(sample),
        worded=_worded(sample),
        filled=_filled(document),
        sure=document.confidence,
        whole=1.0 - min(_EACH_WARNING * losses, _MOST_FOR_WARNINGS),
    )


def warnings_for(document: ParsedDocument, quality: Quality) -> tuple[str, ...]:
    """What to tell the person who uploaded the file beside what its parser says; nothing where it reads well."""
    found = []
    if quality.readable < _READABLE:
        found.append(
            f"{1 - quality.readable:.0%} of the characters could not be read: the file's fonts or its encoding do not "
            "say what they mean. Save it anew with the program that wrote it, or run text recognition (OCR) on it."
        )
    if quality.worded < _WORDED:
        found.append(
            "Much of the text does not consist of words: it may be badly recognised (OCR), spaced out, or data."
        )
    if quality.filled < _FILLED and not any(_EMPTY_PAGES in warning for warning in document.warnings):
        found.append(f"{1 - quality.filled:.0%} of the pages hold no text; what is on pictures is not read.")
    if quality.sure < _SURE:
        found.append(
            f"Much of the recognised text is uncertain ({quality.sure:.0%} confidence): scan the file again with 300 "
            "dots an inch and good contrast."
        )
    return tuple(found)


def _sample(text: str) -> str:
    """The text, or its beginning, middle and end where it is long."""
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = (len(text) - _SAMPLE) // 2
    return f"{text[:_SAMPLE]}\n{text[middle : middle + _SAMPLE]}\n{text[-_SAMPLE:]}"


def share_readable(text: str) -> float:
    """The share of characters that are text."""
    unread = sum(len(glyph) for glyph in _UNREAD_GLYPH.findall(text)) + len(_NO_CHARACTER.findall(text))
    visible = sum(map(len, text.split()))
    return 1.0 - min(unread / visible, 1.0) if visible else 0.0


def _worded(text: str) -> float:
    """The share of words that look like words, in units of what is enough; 1 where there are too few to tell."""
    found = [word for word in text.split() if _LETTER.search(word)]
    if len(found) < _FEW_WORDS:
        return 1.0
    right = sum(map(_looks_like_word, found))
    return min(right / len(found) / _ENOUGH_WORDS, 1.0)


def _looks_like_word(word: str) -> bool:
    """Whether a word is of a word's length and mostly letters; any stretch of Chinese or Japanese is."""
    if holds_unspaced_letter(word):
        return True
    letters = len(word) if word.isalpha() else len(_LETTER.findall(word))
    return 1 < letters <= _LONGEST_WORD and 2 * letters >= len(word)


def _filled(document: ParsedDocument) -> float:
    """The share of pages that hold text; 1 for formats without pages."""
    if document.pages is None:
        return 1.0
    return len({block.page for block in document.blocks if block.page is not None}) / document.pages
