"""How much of an accepted answer was said, as SQuAD's own script compares texts (Rajpurkar et al., 2016).

Lower case, without punctuation and English articles; Chinese counts by characters, as CMRC's script has it. Of several
accepted answers the best one counts.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
_PUNCTUATION = frozenset(string.punctuation)


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


def token_f1(answer: str, accepted: str) -> float:
    """Harmonic mean of precision and recall of the tokens."""
    said, wanted = tokens(answer), tokens(accepted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0


def best(measure: Callable[[str, str], float], answer: str, accepted: Sequence[str]) -> float:
    """The measure by the accepted answer that suits it best."""
    return max((measure(answer, form) for form in accepted), default=0.0)
