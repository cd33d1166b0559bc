"""When two names are one: capitals, punctuation, articles, titles and legal forms do not count.

`normal_name` decides it within a collection. What only other documents can tell (initials, acronyms, short forms) is
decided when the graph is laid out (`resolution.py`), so that deleting a document also takes back what it decided.
"""

import re
import unicodedata

from retrieval.graph.types import NAME_LENGTH


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_CJK = re.compile(r"[\u3400-\u9fff]")
_NO_WORD = re.compile(r"[^\w\s&+#./-]|_")
_SPLIT = re.compile(r"[\s]+")
_EDGES = ".-/"
_POSSESSIVE = re.compile(r"['’]s?$")
_ARTICLES = frozenset({"the", "a", "an"})
TITLES = _words("mr mrs ms miss mx dr prof professor sir dame rev captain capt")
# Legal forms say how a company is registered, not which one it is.
_FORMS = _words(
    "ltd limited inc incorporated llc llp plc gmbh ag kg sa srl bv nv oy ab as corp corporation co pty kk spa sarl"
)


_CHINESE_FORMS = re.compile(r"(?:股份有限公司|有限责任公司|有限公司)$")
_BRACKETS = "《》〈〉「」『』“”\"'‘’()（）[]【】"


def normal_name(name: str) -> str:
    """The normal form of a name: what is the same for all its spellings; never empty for a name with a letter."""
    text = unicodedata.normalize("NFKC", name).strip().strip(_BRACKETS).casefold()
    text = _POSSESSIVE.sub("", text)
    if _CJK.search(text):
        joined = _NO_WORD.sub("", text).replace(" ", "")
        return (_CHINESE_FORMS.sub("", joined) or joined)[:NAME_LENGTH]
    words = [word.strip(_EDGES) for word in _SPLIT.split(_NO_WORD.sub(" ", text))]
    kept = [word for word in words if word]
    while len(kept) > 1 and (kept[0] in _ARTICLES or kept[0] in TITLES):
        kept = kept[1:]
    while len(kept) > 1 and kept[-1] in _FORMS:
        kept = kept[:-1]
    return " ".join(kept)[:NAME_LENGTH]


def is_short_for(short: str, full: str) -> bool:
    """Whether one normal form is a shorter way to say another: some of its first or last words, or initials.

    `denholm` and `f denholm` are short for `frances denholm`, `quillfeather` for `quillfeather instruments`.
    """
    few, many = short.split(), full.split()
    if few == many or not few or len(few) > len(many):
        return False
    if len(few) == len(many):
        return len(few) > 1 and few[-1] == many[-1] and all(map(_is_initial_of, few[:-1], many[:-1]))
    return many[: len(few)] == few or many[-len(few) :] == few


def acronym(full: str) -> str:
    """The first letters of the words of a normal form."""
    return "".join(
        word[0] for word in re.split(r"[\s-]+", full) if word and word not in {"of", "the", "and", "for", "&"}
    )


def _is_initial_of(short: str, word: str) -> bool:
    return short == word or (len(short) == 1 and word.startswith(short))
