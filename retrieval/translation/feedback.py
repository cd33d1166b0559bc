"""Words of the first passages that stand for what a question means: pseudo-relevance feedback.

The relevance model RM3 (Abdul-Jaleel et al., "UMass at TREC 2004"): words that are frequent in the first passages and
rare elsewhere, each passage counting by its rank.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from retrieval.analysis import terms
from retrieval.translation.looking import Leader

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Shorter ones are seldom a subject. Of Chinese two characters are a word.
_SHORTEST = 3
_FIRST_IDEOGRAPH = "\u2e80"


def words(
    leaders: Sequence[Leader], question: str, rarity: Callable[[Sequence[str]], Mapping[str, float]], count: int
) -> list[str]:
    """The `count` words that say most of the leaders and are not in the question, the weightiest first."""
    known = set(terms(question))
    weights: defaultdict[str, float] = defaultdict(float)
    surfaces: dict[str, Counter[str]] = defaultdict(Counter)
    for rank, leader in enumerate(leaders, 1):
        found = Counter(term for term in terms(leader.text) if _is_subject(term) and term not in known)
        length = sum(found.values())
        for term, times in found.items():
            weights[term] += times / length / rank
        for word in _WORD.findall(leader.text):
            for term in terms(word):
                surfaces[term][word if word[0] < _FIRST_IDEOGRAPH else term] += 1
    rare = rarity(list(weights))
    best = sorted(weights, key=lambda term: (-weights[term] * rare[term], term))[:count]
    return [surfaces[term].most_common(1)[0][0] if surfaces[term] else term for term in best]


def _is_subject(term: str) -> bool:
    if term[0] >= _FIRST_IDEOGRAPH:
        return len(term) > 1
    return len(term) >= _SHORTEST and not term[0].isdigit()
