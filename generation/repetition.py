"""Notices when a model repeats itself, as small models do, and ends the text where the repetition begins."""

import re
from collections.abc import Sequence

from retrieval.sentences import sentence_spans

# How often a phrase of so many words may stand in a row: single words repeat in earnest ("no, no, no"), clauses do not.
_ALLOWED_IN_A_ROW = {1: 5, 2: 4, 3: 3}
_ALLOWED_CLAUSES_IN_A_ROW = 2
_LONGEST_PHRASE = 40  # words
# A shorter sentence may come twice ("Yes.").
_SHORTEST_SENTENCE = 4  # words
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"\[[\d, ]*\]?|[{_CJK}]|[^\W_{_CJK}]+")
_STEP = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+\s*|\s+")


class RepetitionGuard:
    """Passes text on until it loops; a sentence is held back for as long as it does nothing but copy an earlier one."""

    def __init__(self) -> None:
        self._text = ""
        self._passed = 0
        self.looping = False

    def feed(self, text: str) -> str:
        """What can be passed on now; nothing more once `looping` is set."""
        return "".join(self._step(piece) for piece in _STEP.findall(text))

    def _step(self, piece: str) -> str:
        if self.looping:
            return ""
        self._text += piece
        *before, (start, words) = _sentences(self._text)
        complete = [earlier for _, earlier in before]
        self.looping = _ends_in_loop(_words(self._text)[:-1]) or (
            bool(complete) and _repeats(complete[-1], complete[:-1])
        )
        if self.looping:
            return ""
        return self._pass_until(start if _copies(words, complete) else len(self._text))

    def finish(self) -> str:
        """The rest of the text, unless it began to repeat an earlier sentence."""
        *before, (_, words) = _sentences(self._text)
        complete = [earlier for _, earlier in before]
        if self.looping or (len(words) >= _SHORTEST_SENTENCE and _copies(words, complete)):
            self.looping = True
            return ""
        return self._pass_until(len(self._text))

    def _pass_until(self, end: int) -> str:
        passed = self._text[self._passed : end]
        self._passed = max(self._passed, end)
        return passed


def _sentences(text: str) -> list[tuple[int, Sequence[str]]]:
    """Where each sentence begins, and its words; one empty sentence where there is none."""
    return [(start, _words(text[start:end])) for start, end in sentence_spans(text, streamed=True)] or [(0, [])]


def _words(text: str) -> list[str]:
    """The words in lower case, Chinese characters one by one, without citation markers."""
    return [word for word in _WORD.findall(text.casefold()) if not word.startswith("[")]


def _copies(words: Sequence[str], earlier: Sequence[Sequence[str]]) -> bool:
    """Whether the words open one of the earlier sentences, the last of them perhaps in part."""
    if not words:
        return False
    opening, last = words[:-1], words[-1]
    return any(
        sentence[: len(opening)] == opening and len(sentence) >= len(words) and sentence[len(opening)].startswith(last)
        for sentence in earlier
    )


def _repeats(sentence: Sequence[str], earlier: Sequence[Sequence[str]]) -> bool:
    return len(sentence) >= _SHORTEST_SENTENCE and sentence in earlier


def _ends_in_loop(words: list[str]) -> bool:
    """Whether the last phrase, of any length, stands more often in a row than a phrase of its length may."""
    for length in range(1, min(_LONGEST_PHRASE, len(words) // 2) + 1):
        allowed = _ALLOWED_IN_A_ROW.get(length, _ALLOWED_CLAUSES_IN_A_ROW)
        copies = allowed + 1
        if len(words) >= copies * length and words[-length * copies :] == words[-length:] * copies:
            return True
    return False
