"""Measures of one answer against the accepted ones: exact match, token F1, containment, ROUGE-L and BLEU.

Texts are normalised as in `generation/answer_overlap.py`. Longest common subsequences are found by rapidfuzz, BLEU is
sacrebleu's.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from rapidfuzz.distance import LCSseq
from sacrebleu.metrics.bleu import BLEU

from generation.answer_overlap import best, exact_match, token_f1, tokens

_MARKER = re.compile(r"\s*\[\d+\]")
_CHINESE = re.compile(r"[\u3400-\u9fff]")

Measure = Callable[[str, str], float]


def without_markers(answer: str) -> str:
    """The answer's words, without its `[n]`."""
    return _MARKER.sub("", answer).strip()


def contains(answer: str, accepted: str) -> float:
    """1 if the accepted answer is said somewhere, word by word: what a service that answers in sentences can reach."""
    said, wanted = tokens(answer), tokens(accepted)
    places = range(len(said) - len(wanted) + 1)
    return float(bool(wanted) and any(said[place : place + len(wanted)] == wanted for place in places))


def rouge_l(answer: str, accepted: str) -> float:
    """The same of the longest common subsequence (Lin, "ROUGE", 2004)."""
    said, wanted = tokens(answer), tokens(accepted)
    shared = LCSseq.similarity(said, wanted)
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0


def bleu(answer: str, accepted: str) -> float:
    """BLEU of the sentence, 0..1, with effective order: accepted answers are often shorter than four words."""
    tokenizer = "zh" if _CHINESE.search(accepted) else "13a"
    score: float = (
        BLEU(tokenize=tokenizer, effective_order=True, lowercase=True).sentence_score(answer, [accepted]).score
    )
    return score / 100


MEASURES: Mapping[str, Measure] = {
    "exact match": exact_match,
    "contains the answer": contains,
    "token F1": token_f1,
    "ROUGE-L": rouge_l,
    "BLEU": bleu,
}


def measured(answer: str, accepted: Sequence[str]) -> Mapping[str, float]:
    """Every measure of the answer, its markers left out, by the accepted answer that suits it best."""
    said = without_markers(answer)
    return {name: best(measure, said, accepted) for name, measure in MEASURES.items()}
