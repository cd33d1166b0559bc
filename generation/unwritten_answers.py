"""Answers that no model writes: rows of a table, quotes of the documents, an invitation, and that nothing was found."""

from collections.abc import Iterator, Sequence

from generation.drafting import Draft
from generation.prompts import wording_for
from generation.quote_wording import in_their_words
from generation.quoting import Quote
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
from retrieval.trace import Trace
from retrieval.types import Hit


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
    said = in_their_words(wording_for(question), quote, passages)
    cited = list(dict.fromkeys([quote.citation, *quote.further]))
    if draft is None:
        yield TokenEvent(said.text)
    yield from map(CitationEvent, cited)
    yield from map(ClaimEvent, said.claims)
    usage = draft.usage if draft else None
    yield DoneEvent(Answer(said.text, cited, passages, not quote.is_answer, usage, trace, said.claims, said.short))


def say(text: str, trace: Trace) -> Iterator[AnswerEvent]:
    """Answers with a sentence of the service's own, which stands on no document."""
    yield TokenEvent(text)
    yield DoneEvent(Answer(text, [], [], False, None, trace))


def abstain(question: str, passages: Sequence[Hit], trace: Trace, usage: Usage | None) -> Iterator[AnswerEvent]:
    """Says in the question's language that the documents do not tell, and shows what was found."""
    text = wording_for(question).abstention
    yield TokenEvent(text)
    yield DoneEvent(Answer(text, [], passages, True, usage, trace))
