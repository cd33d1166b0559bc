"""Writes one answer: the model's text without repetition, its citations checked, as events while it comes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from generation.citation_check import CitationCheck
from generation.citations import CitationTracker
from generation.repetition import RepetitionGuard
from generation.types import Citation, CitationEvent, TextPiece, TokenEvent, Usage


class Draft:
    """An answer under way; `text` and `citations` hold what has been shown of it so far."""

    def __init__(self, check: CitationCheck) -> None:
        self._guard = RepetitionGuard()
        self._check = check
        self._tracker = CitationTracker(check)
        self.text = ""
        self.citations: list[Citation] = []
        self.usage: Usage | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """What checking the citations came to, so far."""
        return self._check.counts

    @property
    def looping(self) -> bool:
        """Whether the model has begun to repeat itself, so that nothing more need be decoded."""
        return self._guard.looping

    def write(self, pieces: Iterator[TextPiece]) -> Iterator[TokenEvent | CitationEvent]:
        """Follows the model to its end; yields new text and the citations of sentences that are complete."""
        for piece in pieces:
            yield from self._show(*self._tracker.feed(self._guard.feed(piece.text)))
            self.usage = piece.usage or self.usage
        if self.usage and self.looping:
            self.usage = replace(self.usage, finish_reason="stop")

    def finish(self) -> Iterator[TokenEvent | CitationEvent]:
        """Completes the last sentence."""
        yield from self._show(*self._tracker.feed(self._guard.finish()))
        yield from self._show(*self._tracker.finish())

    def _show(self, text: str, citations: Sequence[Citation]) -> Iterator[TokenEvent | CitationEvent]:
        if text:
            self.text += text
            yield TokenEvent(text)
        for citation in citations:
            self.citations.append(citation)
            yield CitationEvent(citation)
