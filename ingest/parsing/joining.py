"""Joins the lines of a wrapped paragraph back into running text."""

import re
from collections.abc import Collection, Iterable, Sequence

# A hyphen at the end of a line. Extractors mark one that they are sure of with U+0002.
SURE_HYPHEN = "\x02"
_HYPHENS = (SURE_HYPHEN, "-", "\u2010")

# Scripts written without spaces between words, with their punctuation: Han, kana, full-width forms. Not Hangul.
_UNSPACED = (
    "\u2e80-\u303e\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003ffff"
)
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_UNSPACED_LETTER = re.compile(f"(?=[^\\W\\d_])[{_UNSPACED}]")
_SPACE_WITHIN_UNSPACED = re.compile(f"(?<=[{_UNSPACED}]) +(?=[{_UNSPACED}])")
_LONGEST_WORD = 60
_FIRST_WORD = re.compile(r"[^\W\d_]{1,60}")
_COMPOUND = re.compile(r"\b[^\W\d_]{2,30}-[^\W\d_]{2,30}\b")
_LETTERS = re.compile(r"[^\W\d_]+")
_MOST_FRAGMENTS = 0.3  # of the words at line ends: beyond it the text is hyphenated as typeset text is
_LAST_WORD = re.compile(r"[^\W\d_]+([-\u2010][^\W\d_]+)*$")


def join_lines(lines: Iterable[str], *, hyphenated: bool = True, compounds: Collection[str] = ()) -> str:
    """The lines as one line of text, with no space where Chinese or Japanese text wraps.

    `hyphenated` says that words may be divided at line ends, as in typeset text, and are to be mended; `compounds`
    are words that keep their hyphen.
    """
    pieces: list[str] = []
    for line in (line.strip() for line in lines):
        if not line:
            continue
        if pieces:
            pieces[-1] = _before_next(pieces[-1], line, hyphenated, compounds)
        pieces.append(line)
    return "".join(pieces).replace(SURE_HYPHEN, "-")


def compounds_in(lines: Sequence[str]) -> frozenset[str]:
    """The words of a text that are written with a hyphen, in lower case: within a line, or at the end of one."""
    within = {compound.lower() for line in lines for compound in _COMPOUND.findall(line)}
    return frozenset(within | _compounds_at_line_ends(lines))


def _compounds_at_line_ends(lines: Sequence[str]) -> set[str]:
    """Two whole words with a hyphen and a line end between, in text that divides no words at line ends.

    Typeset text divides words anywhere, also where both halves happen to be words (`more-over`): there it says nothing.
    """
    divided: list[tuple[str, str]] = []
    vocabulary: set[str] = set()
    before = ""  # the word that the line before ends with, if a hyphen follows it
    for line in lines:
        found = [word.lower() for word in _LETTERS.findall(line)]
        ends_divided = line.rstrip().endswith(_HYPHENS)
        if before and found and line.lstrip()[:1].islower():
            divided.append((before, found[0]))
        vocabulary.update(found[bool(before) : len(found) - ends_divided])
        stem = _LAST_WORD.search(line.rstrip()[:-1][-_LONGEST_WORD:]) if ends_divided else None
        before = stem.group().lower() if stem else ""
    whole = {(stem, rest) for stem, rest in divided if stem in vocabulary and rest in vocabulary}
    fragments = sum(pair not in whole for pair in divided)
    if fragments > _MOST_FRAGMENTS * len(divided):
        return set()
    return {f"{stem}-{rest}" for stem, rest in whole if stem + rest not in vocabulary}


def is_unspaced(text: str) -> bool:
    """Whether all characters are of scripts written without spaces: Chinese and Japanese, with their punctuation."""
    return all(map(_UNSPACED_CHARACTER.match, text))


def holds_unspaced_letter(text: str) -> bool:
    """Whether any letter is of a script written without spaces: Chinese or Japanese."""
    return not text.isascii() and _UNSPACED_LETTER.search(text) is not None


def close_unspaced(text: str) -> str:
    """The text without the spaces that justified setting leaves between Chinese or Japanese characters."""
    return _SPACE_WITHIN_UNSPACED.sub("", text)


def _before_next(line: str, following: str, hyphenated: bool, compounds: Collection[str]) -> str:
    """The line as it reads in front of the following one: with a space, with or without its hyphen, or as it is."""
    if hyphenated and line.endswith(_HYPHENS):
        stem = line[:-1]
        if not stem or stem.endswith(" "):
            return f"{stem}- "  # a dash between words: nothing was divided
        return stem if _is_divided(stem, following, compounds) else f"{stem}-"
    if is_unspaced(line[-1] + following[0]):
        return line
    return f"{line} "


def _is_divided(stem: str, following: str, compounds: Collection[str]) -> bool:
    """Whether a hyphen only divides a word: so in `exam-ple`, not in `state-of-the-art`, `X-Ray` and `2019-2020`."""
    word = _LAST_WORD.search(stem[-_LONGEST_WORD:])
    rest = _FIRST_WORD.match(following)
    if word is None or rest is None or not following[0].islower():
        return False
    is_one_word = len(word.group()) > 1 and not word.group(1)
    return is_one_word and f"{word.group()}-{rest.group()}".lower() not in compounds
