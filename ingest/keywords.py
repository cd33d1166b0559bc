"""Words that tell a chunk from its neighbours: frequent in it, rare in the rest of its document; names and numbers."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from retrieval.analysis import terms

COUNT = 10
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_CJK = re.compile(r"[\u3400-\u9fff]{2,6}")
_NAME_BONUS = 1.5


def keywords(texts: Sequence[str]) -> list[list[str]]:
    """For each chunk of a document its keywords as they are written there, the weightiest first."""
    analysed = [_written(text) for text in texts]
    spread = Counter(term for counts, _ in analysed for term in counts)
    found = []
    for counts, written in analysed:
        weight = {
            # squared, because a document is too short for counts alone to sort out the words of every sentence
            term: count * math.log(1 + len(texts) / spread[term]) ** 2 * _bonus(written[term])
            for term, count in counts.items()
        }
        best = sorted(weight, key=lambda term: (-weight[term], term))[:COUNT]
        found.append([written[term] for term in best])
    return found


def _written(text: str) -> tuple[Counter[str], dict[str, str]]:
    """How often each term occurs, and how it is written, small if it ever is."""
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for match in _CJK.finditer(text):
        counts[match.group()] += 1
        written.setdefault(match.group(), match.group())
    for match in _WORD.finditer(text):
        word = match.group()
        if _CJK.search(word) or len(word) < 3:
            continue
        for term in terms(word):  # none for a stop word
            counts[term] += 1
            if term not in written or word[0].islower():
                written[term] = word
    return counts, written


def _bonus(word: str) -> float:
    return _NAME_BONUS if word[0].isupper() or word[0].isdigit() else 1.0
