"""Measures of one answer against the accepted ones: exact match, token F1, containment, ROUGE-L and BLEU.

Texts are compared as SQuAD's own script compares them (Rajpurkar et al., 2016): lower case, without punctuation and
English articles; Chinese counts by characters, as CMRC's does. Of several accepted answers the best one counts. Longest
common subsequences are found by rapidfuzz, BLEU is sacrebleu's.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rapidfuzz.distance import LCSseq
from sacrebleu.metrics.bleu import BLEU

_MARKER = re.compile(r"\s*\[\d+\]")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
_PUNCTUATION = frozenset(string.punctuation)

Measure = Callable[[str, str], float]


def without_markers(answer: str) -> str:
    """The answer's words, without its `[n]`."""
    return _MARKER.sub("", answer).strip()


def tokens(text: str) -> list[str]:
    """Words of the normalised text; each Chinese character is one."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = (
        " " if character in _PUNCTUATION or unicodedata.category(character)[0] in "PS" else character
        for character in folded
    )
    return _TOKEN.findall(_ARTICLES.sub(" ", "".join(kept)))


def exact_match(answer: str, accepted: str) -> float:
    """1 if nothing but the accepted answer was said."""
    return float(tokens(answer) == tokens(accepted))


def contains(answer: str, accepted: str) -> float:
    """1 if the accepted answer is said somewhere, word by word: what a service that answers in sentences can reach."""
    said, wanted = tokens(answer), tokens(accepted)
    places = range(len(said) - len(wanted) + 1)
    return float(bool(wanted) and any(said[place : place + len(wanted)] == wanted for place in places))


def token_f1(answer: str, accepted: str) -> float:
    """Harmonic mean of precision and recall of the tokens."""
    said, wanted = tokens(answer), tokens(accepted)
    return _f1(sum((Counter(said) & Counter(wanted)).values()), len(said), len(wanted))


def rouge_l(answer: str, accepted: str) -> float:
    """The same of the longest common subsequence (Lin, "ROUGE", 2004)."""
    said, wanted = tokens(answer), tokens(accepted)
    return _f1(LCSseq.similarity(said, wanted), len(said), len(wanted))


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
    return {name: max((measure(said, form) for form in accepted), default=0.0) for name, measure in MEASURES.items()}


def _f1(shared: int, said: int, wanted: int) -> float:
    return 2 * shared / (said + wanted) if shared else 0.0
