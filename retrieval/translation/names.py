"""Names in a text: runs of capitalised words, and what Chinese puts in book-title marks or quotes."""

import re
from collections.abc import Iterator

_WORD = r"[A-Z0-9][\w'’-]*(?:\.(?=\s?[A-Z]))?"
# Small words that stand inside a name.
_INSIDE = r"(?:(?:of|the|de|da|di|du|la|le|von|van|der|den|del|and|for|in|on|at|a|an|to|&)\s+){1,2}"
_NAME = re.compile(rf"(?<![\w])(?=[A-Z]){_WORD}(?:,?\s+(?:{_INSIDE})?(?={_WORD}){_WORD})*")
_MARKED = re.compile(r"[《「『“\"]([^《》「」『』“”\"]{2,60})[》」』”\"]")


def name_spans(text: str) -> Iterator[tuple[int, int]]:
    """Spans of what is written like a name, in reading order; the first word of a sentence is written so, too."""
    found = [match.span() for match in _NAME.finditer(text)] + [match.span(1) for match in _MARKED.finditer(text)]
    return iter(sorted(found))
