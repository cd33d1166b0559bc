"""Where sentences begin and end in English and Chinese: abbreviations, initials, decimals and lists are understood."""

import re
from collections.abc import Sequence


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


BULLETS = "-*•·▪–＊"
# A mark that may end a sentence, the quotes and brackets that close with it, and footnotes such as [3] right after it.
_FOOTNOTES = r"(?:[ \t]?[\[【]\d{1,3}(?:\s*[,，、;–-]\s*\d{1,3})*[\]】])*"
_END_MARK = re.compile(
    r"(?P<chinese>[。！？]+[”’」』）】》\"']*" + _FOOTNOTES + r")"
    r"|(?P<western>(?:[.!?]+|…+)[\"'”’»)\]」』）]*" + _FOOTNOTES + r")"
    r"|(?P<line>\n)"
)
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_WORD_BEFORE = re.compile(r"[^\s(\[“\"'‘]+$")
_NEXT_WORD = re.compile(r"[\s(\[“\"'‘*_]*([\w$€£]*)")
_LIST_MARKER = re.compile(rf"\s*(?:[{BULLETS}]|\(?(?:\d{{1,3}}|[a-zA-Z])[.)、]|\[\d{{1,3}}\])$")
_NEW_ITEM = re.compile(
    rf"[ \t]*(?:\n|[{BULLETS}#|][ \t]*\S"
    r"|\(?\d{1,3}[.)]\s|\[\d{1,3}\]|[（(]?[一二三四五六七八九十\d]{1,3}[、）]|[①-⑳])"
)
# "Date: 18 March", "地点：会议室": a line of a letter's head, of minutes or of a form.
_LABELLED = re.compile(r"[ \t]*(?:[A-Z][\w./'’() -]{0,30}:[ \t]+\S|[\u3400-\u9fff]{1,8}[:：][ \t]*\S)")
# A line break was wanted where the next word would have fitted: then its line is so much shorter than its neighbours.
_FULL_LINE = 0.8
_NEIGHBOURS = 3  # lines to either side whose width is looked at
# Such an end of a line is not the end of what it says; a full stop that ends a sentence has ended it before.
_GOES_ON = re.compile(
    r"(?:[.,;:(&/，、；：（–—-]"
    r"|\b(?:an?|and|are|as|at|be|by|can|for|from|had|has|have|in|is|of|on|or|than|that|the|to|was|were|which|who|will|with))"
    r"[ \t]*$",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"[ \t]*([\u3000-\u9fff]|\S+)")
_WIDE = re.compile(r"[\u3000-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")  # two columns each
# Marks that Chinese and English have in common, and that stand beside an ideograph without a space.
_COMMON_MARKS = frozenset("“”‘’…—·")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]$")  # U.S, a.m, e.g (without its last full stop)

# Written with a full stop and followed by what they belong to: they never end a sentence.
_NEVER_FINAL = _words(
    "mr mrs ms dr prof gen col lt sgt capt cmdr rev hon gov sen rep pres st mt vs cf eg ie approx ca viz messrs "
    "mme mlle fr adm maj e.g i.e"
)
# The same, when a number follows: No. 5, Fig. 2, p. 17.
_FINAL_UNLESS_NUMBER = _words("no nos fig figs eq eqs vol vols p pp art sec ch chap op para ver")
# They may end a sentence; they do so where a word that usually opens one follows.
_SELDOM_FINAL = _words(
    "inc ltd co corp jr sr al jan feb mar apr jun jul aug sep sept oct nov dec dept est ave blvd rd bros ed eds "
    "univ assn ph.d b.a m.a b.sc m.sc"
)
_OPENERS = _words(
    "The This That These Those There They Then It Its He She We You I In On At By For From With As If When While "
    "Where After Before During Since Although However But And So Such Some Many Most All Each Both One His Her "
    "Their Our My Its An A Another Other To Of What Who Why How Which Not No Also Because Until According"
)


def sentence_spans(text: str, *, streamed: bool = False) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, in order, without overlap; together they hold every character but space.

    A blank line, a list item, a table row, a labelled line among others and a line that was broken early end a
    sentence as a full stop does. The last two depend on the lines that follow, so that of `streamed` text, which grows
    while sentences are taken from it, they are not told.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for mark in _END_MARK.finditer(text):
        if mark.end() > start and _ends_sentence(text, start, mark, streamed):
            _append_stripped(spans, text, start, mark.end())
            start = mark.end()
    _append_stripped(spans, text, start, len(text))
    return spans


def _append_stripped(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    if stripped := piece.strip():
        start += len(piece) - len(piece.lstrip())
        spans.append((start, start + len(stripped)))


def _ends_sentence(text: str, start: int, mark: re.Match[str], streamed: bool) -> bool:
    if mark["chinese"]:
        return True
    if mark["line"]:
        return _ends_line(text, mark.start(), streamed)
    if _LIST_MARKER.fullmatch(text, start, mark.start() + 1):
        return False
    following = text[mark.end() : mark.end() + 1]
    if following and not following.isspace():
        # Without a space it is a decimal, a host name, a file name; Chinese goes on without spaces.
        return mark["western"][0] in "!?" and _CHINESE.match(following) is not None
    opening = _NEXT_WORD.match(text, mark.end())
    next_word = opening[1] if opening else ""
    if next_word[:1].islower():
        return False
    return mark["western"][0] != "." or _full_stop_is_final(_word_before(text, start, mark.start()), next_word)


def _word_before(text: str, start: int, end: int) -> str:
    word = _WORD_BEFORE.search(text[max(start, end - 40) : end])  # no abbreviation is longer than 40 characters
    return word[0] if word else ""


def _ends_line(text: str, newline: int, streamed: bool) -> bool:
    """A line ends a sentence before a blank line or a list item, after a row, between labelled lines, and if short."""
    begin = text.rfind("\n", 0, newline) + 1
    row = text[begin:newline]
    if "|" in row or "\t" in row or _NEW_ITEM.match(text, newline + 1) is not None:
        return True
    if streamed:
        return False
    if _LABELLED.match(text, newline + 1) is not None and _LABELLED.match(text, begin) is not None:
        return True
    return _ends_early(text, begin, newline)


def _ends_early(text: str, begin: int, newline: int) -> bool:
    """Whether a line of running text was broken before it was full, as those of a title page or an address are."""
    following = _FIRST_WORD.match(text, newline + 1)
    if following is None or following[1][0].islower() or _GOES_ON.search(text, begin, newline):
        return False
    needed = _columns(text, begin, newline) + 1 + _columns(text, *following.span(1))
    return needed <= _FULL_LINE * _width(text, begin, newline)


def _columns(text: str, start: int, end: int) -> int:
    return end - start + len(_WIDE.findall(text, start, end))


def _width(text: str, begin: int, newline: int) -> int:
    """The columns of the widest line among the neighbours of a line [begin, newline) in its paragraph."""
    widest, end = _columns(text, begin, newline), newline
    for _ in range(_NEIGHBOURS):
        start, end = end + 1, text.find("\n", end + 1)
        end = end if end >= 0 else len(text)
        if not text[start:end].strip():
            break
        widest = max(widest, _columns(text, start, end))
    for _ in range(_NEIGHBOURS):
        end, begin = begin - 1, text.rfind("\n", 0, max(begin - 1, 0)) + 1
        if end <= 0 or not text[begin:end].strip():
            break
        widest = max(widest, _columns(text, begin, end))
    return widest


def _full_stop_is_final(word: str, next_word: str) -> bool:
    """Whether a full stop after `word` ends the sentence, given the word that follows ("" where none does)."""
    lowered = word.lower()
    if not next_word or next_word in _OPENERS:
        return lowered not in _NEVER_FINAL
    if lowered in _NEVER_FINAL or lowered in _SELDOM_FINAL:
        return False
    if lowered in _FINAL_UNLESS_NUMBER:
        return not next_word[0].isdigit()
    is_initial = len(word) == 1 and word.isalpha() and word.isupper() and word != "I"
    return not (is_initial or _DOTTED.search(word))


def on_one_line(text: str) -> str:
    """The text without its line breaks; Chinese goes on without a space, and so does what a hyphen divides."""
    joined = ""
    for line in filter(None, map(str.strip, text.split("\n"))):
        divided = joined.endswith("-") and not joined.endswith(" -")
        joined += ("" if divided or not joined or _is_chinese_between(joined[-1], line[0]) else " ") + line
    return joined


def _is_chinese_between(before: str, after: str) -> bool:
    """Whether two characters stand together in Chinese, which has no spaces."""
    wide_before, wide_after = _WIDE.match(before) is not None, _WIDE.match(after) is not None
    return (wide_before and (wide_after or after in _COMMON_MARKS)) or (wide_after and before in _COMMON_MARKS)


def join_sentences(sentences: Sequence[str]) -> str:
    """Sentences as running text; Chinese ones follow each other without a space."""
    joined = ""
    for sentence in sentences:
        space = " " if joined and joined[-1].isascii() else ""
        joined += space + " ".join(sentence.split())
    return joined
