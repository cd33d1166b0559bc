"""RAG fusion: diverse rewrites, searched by words and by meaning, lists fused alike, ranked once (Rackauckas, 2024).

Without a model that writes, each rewrite goes the way of another of the first passages: those that differ most from
one another (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998).
"""

from collections.abc import Sequence

from retrieval.translation import feedback
from retrieval.translation.looking import Leader, Look, Rewrite, Translation
from retrieval.translation.multi_query import WORDINGS
from retrieval.translation.writing import Writer, queries

REWRITES = 3
# First passages among which the diverse ones are chosen, and how many words each gives.
LEADERS = 8
WORDS = 6
# How much nearness to what was chosen already counts against a passage.
_REDUNDANCY = 0.5


def rag_fusion(look: Look, writer: Writer | None) -> Translation:
    """Other wordings that vote like the question, or the question with the words of passages that differ."""
    if writer is not None:
        written = queries(writer.write(WORDINGS, look.question), look.question, REWRITES)
        return Translation([Rewrite(text) for text in written])
    rewrites = []
    for leader in _diverse(look, look.leaders(LEADERS)):
        found = feedback.words([leader], look.question, look.rarity, WORDS)
        if found:
            rewrites.append(Rewrite(f"{look.question} {' '.join(found)}"))
    return Translation(rewrites, skipped=None if rewrites else "the first passages have no further words")


def _diverse(look: Look, leaders: Sequence[Leader]) -> Sequence[Leader]:
    chosen: list[Leader] = []
    left = list(leaders)
    while left and len(chosen) < REWRITES:
        best = max(
            left,
            key=lambda leader: (
                float(leader.vector @ look.vector)
                - _REDUNDANCY * max((float(leader.vector @ other.vector) for other in chosen), default=0.0)
            ),
        )
        chosen.append(best)
        left.remove(best)
    return chosen
