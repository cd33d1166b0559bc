"""What of a model's text may stand for a chunk: complete sentences whose names, numbers and words the chunk has.

Small models repeat themselves, go on with the prompt and invent. A sentence that cannot be told from an invention is
dropped; this is a check of words, so what a sentence claims about them may still be wrong.
"""

import re
import unicodedata
from collections.abc import Sequence

from retrieval.analysis import terms
from retrieval.sentences import sentence_spans

# At least this share of a sentence's own words stands in the chunk.
MIN_KNOWN_TERMS = 0.6
# Shorter ones say nothing that finds a chunk ("What is it?").
_FEWEST_TERMS = 3

_LIST_MARKER = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,2}[.)、:：]|[QA]\d?[.:：])\s*")
_LABEL = re.compile(r"^\s*(?:questions?|answers?|summary|text|问题|概括|总结|摘要)\s*\d?\s*[:：]\s*", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
# 一, 二 and 两 alone are parts of ordinary words.
_CHINESE_NUMBER = re.compile(r"[〇零一二两三四五六七八九十百千万亿]{2,}|[三四五六七八九十百千万亿]")
_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_FINAL_MARK = re.compile(r"[.!?。！？…][\"'”’»)\]」』）】》]*$")
_QUESTION_MARK = re.compile(r"[?？][\"'”’»)\]」』）】》]*$")
# A question about the text itself finds every chunk alike.
_ABOUT_THE_TEXT = re.compile(
    r"\b(?:this|the|that) (?:text|passage|paragraph|document|sentence)\b|(?:这段|本)文|这段(?:话|文字)", re.IGNORECASE
)


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


# Words of questions and sentences that belong to no subject.
_OF_NO_SUBJECT = _words(
    "a about according after all also an and any are as at be been before between both but by can called could did "
    "difference do does during each for from had has have he her his how if in into is it its kind known like main "
    "many may more most much name named not of on one only or other our over people purpose reason role she should "
    "since so some such than that the their them there these they this those through time to two type under until "
    "used was we were what when where which while who whom whose why will with would you your"
)
_NUMBER_WORDS = _words(
    "three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion"
)
_CHINESE_OF_NO_SUBJECT = frozenset("的了是在有和与及或为由于从到被把这那其什么哪谁吗呢多少几个如何怎样何时地年月日")


def usable_questions(written: str, source: str) -> list[str]:
    """The questions among the lines of the text that the source may be asked, each once."""
    lines = [_LABEL.sub("", _LIST_MARKER.sub("", line)).strip() for line in written.splitlines()]
    sound = [line for line in lines if _QUESTION_MARK.search(line) and not _ABOUT_THE_TEXT.search(line)]
    return _grounded(sound, source)


def usable_summary(written: str, source: str) -> str:
    """The text without sentences that are incomplete, repeated or not grounded in the source; "" if none is left."""
    text = _LABEL.sub("", written.strip())
    sentences = [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]
    sound = [sentence for sentence in sentences if _FINAL_MARK.search(sentence)]
    joined = ""
    for sentence in _grounded(sound, source):
        joined += (" " if joined and joined[-1].isascii() else "") + sentence
    return joined


def _grounded(sentences: Sequence[str], source: str) -> list[str]:
    known = _Source(source)
    distinct: dict[str, str] = {}
    for sentence in sentences:
        distinct.setdefault(" ".join(terms(sentence)), sentence)
    return [sentence for sentence in distinct.values() if known.grounds(sentence)]


class _Source:
    """What a chunk has: its numbers, its words, its terms."""

    def __init__(self, text: str) -> None:
        normal = _normal(text)
        self._text = normal.casefold()
        self._numbers = set(_numbers(normal))
        self._words = {word.casefold() for word in _WORD.findall(normal)}
        self._terms = set(terms(text))

    def grounds(self, sentence: str) -> bool:
        """Whether numbers, names and most other words of the sentence are the chunk's."""
        normal = _normal(sentence)
        own = [term for term in terms(sentence) if term not in _OF_NO_SUBJECT and term not in _CHINESE_OF_NO_SUBJECT]
        return (
            len(own) >= _FEWEST_TERMS - 1
            and len(terms(sentence)) >= _FEWEST_TERMS
            and self._numbers.issuperset(_numbers(normal))
            and all(self._knows(name) for name in _names(normal))
            and all(number in self._text for number in _CHINESE_NUMBER.findall(normal))
            and sum(term in self._terms for term in own) >= MIN_KNOWN_TERMS * len(own)
        )

    def _knows(self, name: str) -> bool:
        """Whether the name stands there, itself or as part of a word such as a plural or a possessive."""
        found = name.casefold()
        return found in self._words or found.rstrip("s").removesuffix("'").removesuffix("’") in self._text


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _numbers(text: str) -> list[str]:
    """Numbers in figures without thousands separators, and in English words above two."""
    figures = [_THOUSANDS.sub("", number).rstrip(".,") for number in _NUMBER.findall(text)]
    return figures + [word for word in map(str.casefold, _WORD.findall(text)) if word in _NUMBER_WORDS]


def _names(text: str) -> list[str]:
    """Words that are written like names; the first word of a sentence is, unless it belongs to no subject."""
    return [word for word in _WORD.findall(text) if word[0].isupper() and word.casefold() not in _OF_NO_SUBJECT]
