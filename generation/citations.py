"""Follows a streamed answer and checks its citations on the way: what it lets through is final.

A marker is held back until its sentence is complete, and so is a mark that may end a sentence; everything else passes
at once. The pieces that come out are the same whatever the pieces that go in.
"""

import re
from collections.abc import Sequence

from generation.citation_check import MARKER, CitationCheck
from generation.types import Citation
from retrieval.sentences import sentence_spans

_HALF_MARKER = re.compile(r"\s*[\[【][\[【\d\s,，、;–-]*$")
_MARK = r"[.!?。！？…]+[\"'”’»)\]」』）】》]*(?:[ \t]?[\[【][\d \t,，、;–-]*[\]】]?)*"
# Text at whose end `sentence_spans` cannot yet tell whether a sentence has ended: it looks at the next word or item.
_UNDECIDED = re.compile(
    rf"{_MARK}(?:\s+[(\[“\"'‘*_\s]*\S{{0,12}})?$"
    rf"|(?:{_MARK})?\s*\n\s*(?:\S{{0,7}}|[-*•·▪–#|][ \t]*)$"
    rf"|(?:{_MARK})?\s+$"
)


class CitationTracker:
    """The citations of one answer under way; the pieces of text it returns, put together, are the final text."""

    def __init__(self, check: CitationCheck) -> None:
        self._check = check
        self._pending = ""  # the text of the sentence under way
        self._shown = 0  # how much of it has been returned
        self._previous = ""  # the sentence before
        self._seen: set[Citation] = set()

    def feed(self, text: str) -> tuple[str, Sequence[Citation]]:
        """Takes newly decoded text; gives what can be shown now and the citations of the sentences now complete."""
        self._pending += text
        if not self._shown:
            self._pending = self._pending.lstrip()
        closed, citations = self._close_sentences(_UNDECIDED)
        held = min(
            _begin(_UNDECIDED, self._pending), _begin(MARKER, self._pending), _begin(_HALF_MARKER, self._pending)
        )
        shown = self._pending[self._shown : held]
        self._shown = max(held, self._shown)
        return closed + shown, citations

    def finish(self) -> tuple[str, Sequence[Citation]]:
        """Completes the last sentence: the rest of the text and its citations."""
        while (cut := _HALF_MARKER.sub("", self._pending).rstrip()) != self._pending:
            self._pending = cut
        closed, citations = self._close_sentences(None)
        rest, last = self._close(len(self._pending))
        return closed + rest, [*citations, *last]

    def _close_sentences(self, undecided: re.Pattern[str] | None) -> tuple[str, list[Citation]]:
        """Closes the sentences of the pending text but the last; `undecided` finds where ends are not sure yet."""
        closed, citations = "", list[Citation]()
        while len(spans := sentence_spans(self._pending, streamed=True)) > 1:
            end = spans[1][0]
            if undecided and _begin(undecided, self._pending) < end:
                break
            text, found = self._close(end)
            closed += text
            citations += found
        return closed, citations

    def _close(self, end: int) -> tuple[str, list[Citation]]:
        sentence, self._pending = self._pending[:end], self._pending[end:]
        checked = self._check.check(sentence, self._previous)
        text = checked.text[self._shown :]
        self._shown = 0
        self._previous = sentence
        new = [citation for citation in dict.fromkeys(checked.citations) if citation not in self._seen]
        self._seen.update(new)
        return text, new


def _begin(pattern: re.Pattern[str], text: str) -> int:
    """Where the first match begins; the end of the text where there is none."""
    match = pattern.search(text)
    return match.start() if match else len(text)
