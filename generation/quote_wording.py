"""How a quote is put: in quotation marks, as a row with its columns, or at the head of a list."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generation.prompts import Wording
from generation.quoting import Quote
from generation.table_row import with_columns
from generation.types import Citation, Claim
from retrieval.sentences import BULLETS, on_one_line
from retrieval.types import Hit

_BULLET = re.compile(rf"[{BULLETS}]\s+(?![\d|])")  # not a minus, nor a cell that is left empty


@dataclass(frozen=True, slots=True)
class Quoted:
    """The text of an answer that quotes."""

    text: str
    claims: Sequence[Claim]  # they need no judge: they are the document's words, one by one
    short: tuple[int, int] | None  # offsets in the text: where the reader finds the answer itself


def in_their_words(wording: Wording, quote: Quote, passages: Sequence[Hit]) -> Quoted:
    """The quote, and further ones below or behind it, each with its number.

    Line breaks, which stand where a line was full, and the bullet of a list are left out. Cells of a table's row stand
    after the names of their columns, and so without quotation marks.
    """
    said = _readable(quote.citation, passages, wording)
    form, joining = _forms(quote, said, wording)
    pieces = [form.format(quote=said, number=quote.citation.n)]
    pieces += [joining.format(quote=_readable(also, passages, wording), number=also.n) for also in quote.further]
    claims, start = list[Claim](), 0
    for piece, citation in zip(pieces, [quote.citation, *quote.further], strict=True):
        claims.append(Claim(start, start + len(piece), "supported", 1.0, citation))
        start += len(piece)
    short = _short(quote, said, form.index("{quote}"))
    return Quoted("".join(pieces), claims if quote.is_answer else [], short)


def _forms(quote: Quote, said: str, wording: Wording) -> tuple[str, str]:
    """What stands around what is said, and how another sentence joins it."""
    if not quote.is_answer:
        return wording.nearest, wording.listed
    if quote.unsure:
        return wording.likeliest, wording.listed
    is_literal = said == _literal(quote.citation.quote, wording)
    return (wording.quotation if is_literal else wording.row), wording.further


def _short(quote: Quote, said: str, before: int) -> tuple[int, int] | None:
    """Where the reader's span stands in a text with so many characters before what is said of the quote."""
    if quote.span is None:
        return None
    text = quote.citation.quote
    start, end = quote.span
    words = on_one_line(text[start:end])
    bullet = _BULLET.match(text)
    # An opening quotation mark follows, so the words are never further to the left.
    place = said.find(words, len(on_one_line(text[bullet.end() if bullet else 0 : start]))) if words else -1
    return (before + place, before + place + len(words)) if place >= 0 else None


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
