"""Answers that no model writes: rows of a table, quotes of the documents, an invitation, and that nothing was found."""

import re
from collections.abc import Iterator, Sequence

from generation.drafting import Draft
from generation.prompts import Wording, wording_for
from generation.quoting import Quote
from generation.table_row import with_columns
from generation.types import (
    Answer,
    AnswerEvent,
    Citation,
    CitationEvent,
    Claim,
    ClaimEvent,
    DoneEvent,
    TokenEvent,
    Usage,
)
from retrieval.sentences import BULLETS, on_one_line
from retrieval.trace import Trace
from retrieval.types import Hit

_BULLET = re.compile(rf"[{BULLETS}]\s+(?![\d|])")  # not a minus, nor a cell that is left empty


def state(passages: Sequence[Hit], trace: Trace) -> Iterator[AnswerEvent]:
    """Answers with what the rows of a table say, figure by figure; no model could say it more surely."""
    first = passages[0].chunk.text
    text = f"{first} [1]"
    citation = Citation.of_passage(passages, 0, 0, len(first))
    yield TokenEvent(text)
    yield CitationEvent(citation)
    claims = [Claim(0, len(text), "supported", passages[0].score, citation)]
    yield from map(ClaimEvent, claims)
    yield DoneEvent(Answer(text, [citation], passages, False, None, trace, claims))


def cite(
    question: str, quote: Quote, passages: Sequence[Hit], trace: Trace, draft: Draft | None
) -> Iterator[AnswerEvent]:
    """Answers in the documents' own words; they are not streamed after a draft, in whose place they come."""
    text, claims = in_their_words(question, quote, passages)
    if draft is None:
        yield TokenEvent(text)
    cited = list(dict.fromkeys(claim.evidence for claim in claims if claim.evidence is not None))
    yield from map(CitationEvent, cited)
    yield from map(ClaimEvent, claims)
    yield DoneEvent(Answer(text, cited, passages, False, draft.usage if draft else None, trace, claims))


def in_their_words(question: str, quote: Quote, passages: Sequence[Hit]) -> tuple[str, list[Claim]]:
    """The text that quotes, and its claims, which need no judge: they are the document's words, one by one.

    Line breaks, which stand where a line was full, and the bullet of a list are left out. Cells of a table's row stand
    after the names of their columns, and so without quotation marks.
    """
    wording = wording_for(question)
    said, form = on_one_line(quote.text), wording.direct
    if quote.text == quote.citation.quote:
        said = _readable(quote.citation, passages, wording)
        form = wording.quotation if said == _literal(quote.text, wording) else wording.row
    text = (wording.nearest if quote.unsure else form).format(quote=said, number=quote.citation.n)
    claims = [Claim(0, len(text), "supported", 1.0, quote.citation)]
    for also in quote.further:
        form = wording.listed if quote.unsure else wording.further
        start = len(text)
        text += form.format(quote=_readable(also, passages, wording), number=also.n)
        claims.append(Claim(start, len(text), "supported", 1.0, also))
    return text, claims


def _readable(citation: Citation, passages: Sequence[Hit], wording: Wording) -> str:
    """What is cited, in quotation marks; a row of a table with the names of its columns and without them."""
    chunk = passages[citation.n - 1].chunk
    start, end = citation.start - chunk.start, citation.end - chunk.start
    if chunk.text[start:end] != citation.quote:  # figures that a statement gave are not the document's text
        return citation.quote
    said = with_columns(chunk.text, start, end, chunk.headings, wording)
    return _literal(said, wording) if said == citation.quote else said


def _literal(text: str, wording: Wording) -> str:
    bullet = _BULLET.match(text)
    return wording.literal.format(text=on_one_line(text[bullet.end() if bullet else 0 :]))


def say(text: str, trace: Trace) -> Iterator[AnswerEvent]:
    """Answers with a sentence of the service's own, which stands on no document."""
    yield TokenEvent(text)
    yield DoneEvent(Answer(text, [], [], False, None, trace))


def abstain(question: str, passages: Sequence[Hit], trace: Trace, usage: Usage | None) -> Iterator[AnswerEvent]:
    """Says in the question's language that the documents do not tell, and shows what was found."""
    text = wording_for(question).abstention
    yield TokenEvent(text)
    yield DoneEvent(Answer(text, [], passages, True, usage, trace))
