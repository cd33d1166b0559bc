"""Checks the citations of one sentence: unknown numbers go, wrong passages give way, missing citations come."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from generation.alignment import Alignment, Support
from generation.types import Citation
from retrieval.analysis import terms
from retrieval.types import Hit

_NUMBERS = r"[ \t]*\d+(?:[ \t]*[,，、;–-][ \t]*\d+)*[ \t]*"
# [1], [1, 2], [1-3], 【2】, and neighbours such as [1][3], which belong to one claim.
MARKER = re.compile(rf"\s*[\[【]{_NUMBERS}[\]】](?:[ \t]*[\[【]{_NUMBERS}[\]】])*")
_NUMBER_OR_RANGE = re.compile(r"(\d+)(?:\s*[–-]\s*(\d+))?")
_FINAL_MARK = re.compile(r"(?:[.!?。！？…]+[\"'”’»)\]」』）】》]*)?\s*$")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# A stretch before a marker with fewer terms than this is no claim of its own: the whole sentence is.
_FEWEST_TERMS = 4


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence as it may be shown, and its citations in the order of their markers."""

    text: str
    citations: Sequence[Citation]


class CitationCheck:
    """Checks sentences against the passages of one answer and counts what it did."""

    def __init__(self, alignment: Alignment, passages: Sequence[Hit]) -> None:
        self._alignment = alignment
        self._passages = passages
        self.counts = Counter(cited=0, attributed=0, corrected=0, unsupported=0, dropped=0, uncited=0)

    def check(self, sentence: str, previous: str) -> CheckedSentence:
        """The sentence with its markers checked; `previous` is the claim of a sentence that is nothing but markers."""
        known = self._drop_unknown(sentence)
        claim = MARKER.sub("", known).strip() or previous
        if MARKER.search(known):
            return self._verify(known, claim)
        return self._attribute(known, claim)

    def _drop_unknown(self, sentence: str) -> str:
        """The sentence with markers in the form `[1][3]`, without the numbers that name no passage."""
        while True:
            kept = MARKER.sub(lambda marker: self._canonical(marker.group()), sentence)
            if kept == sentence:
                return sentence
            sentence = kept if sentence[:1].isspace() else kept.lstrip()  # a marker gone may bare another: [[9]8]

    def _canonical(self, marker: str) -> str:
        numbers = _numbers(marker, len(self._passages))
        known = [number for number in numbers if 1 <= number <= len(self._passages)]
        self.counts["dropped"] += len(numbers) - len(known)
        space = marker[: len(marker) - len(marker.lstrip())]
        return space + "".join(f"[{number}]" for number in known) if known else ""

    def _verify(self, sentence: str, claim: str) -> CheckedSentence:
        """Gives each marker its quote; a passage that does not carry the claim gives way to one that does, or none."""
        pieces: list[str] = []
        citations: list[Citation] = []
        position = 0
        for marker in MARKER.finditer(sentence):
            stretch = sentence[position : marker.start()]
            supports = self._supports(stretch if len(terms(stretch)) >= _FEWEST_TERMS else claim, marker.group())
            space = marker.group()[: len(marker.group()) - len(marker.group().lstrip())]
            pieces += [stretch, space if supports else "", *(f"[{support.passage + 1}]" for support in supports)]
            citations += map(self._citation, supports)
            position = marker.end()
        self.counts["cited"] += 1
        return CheckedSentence("".join([*pieces, sentence[position:]]), citations)

    def _supports(self, claim: str, marker: str) -> list[Support]:
        best = self._alignment.best(claim)
        chosen: dict[int, Support] = {}
        for number in _numbers(marker, len(self._passages)):
            support = self._alignment.support(claim, number - 1)
            if not support.sufficient:
                if not best or not best.sufficient:
                    self.counts["unsupported"] += 1  # a number is no proof: nothing that was given says this
                    continue
                self.counts["corrected"] += 1
                support = best
            chosen[support.passage] = support
        return list(chosen.values())

    def _attribute(self, sentence: str, claim: str) -> CheckedSentence:
        """Cites the passage that supports the sentence best, if one does, before the final mark."""
        best = self._alignment.best(claim)
        if best is None or not best.sufficient or not sentence.strip():
            self.counts["uncited"] += bool(sentence.strip())
            return CheckedSentence(sentence, [])
        self.counts["attributed"] += 1
        end = _FINAL_MARK.search(sentence)
        position = end.start() if end else len(sentence)
        space = "" if _CJK.match(sentence[position - 1 : position]) else " "
        marked = f"{sentence[:position]}{space}[{best.passage + 1}]{sentence[position:]}"
        return CheckedSentence(marked, [self._citation(best)])

    def _citation(self, support: Support) -> Citation:
        return Citation.of_passage(self._passages, support.passage, support.start, support.end)


def _numbers(marker: str, highest: int) -> list[int]:
    """The numbers a marker names, once each; a range counts as the passages in it, or as its ends if it has none."""
    numbers: list[int] = []
    for match in _NUMBER_OR_RANGE.finditer(marker):
        first, last = int(match[1]), int(match[2] or match[1])
        numbers += list(range(max(first, 1), min(last, highest) + 1)) or [first]
    return list(dict.fromkeys(numbers))
