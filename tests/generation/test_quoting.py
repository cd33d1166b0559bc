"""Quotes: word for word, from the passage that speaks to the question, never a crumb."""

from generation.quoting import best_quote
from tests.fakes import HashEmbedder
from tests.fakes_generation import passage

HANDBOOK = passage(
    "Page 1\n\nOffice staff may work from home on two days a week. Lunch is at noon.", start=50, number=1
)
MANUAL = passage("Error E03 means that the outlet temperature is above 110 degrees.", start=7, number=2)


def test_the_sentence_that_speaks_to_the_question_is_quoted_at_its_place_in_the_document() -> None:
    quote = best_quote(HashEmbedder(), "How many days may office staff work from home?", [MANUAL, HANDBOOK])
    assert quote is not None
    assert quote.citation.quote == "Office staff may work from home on two days a week."
    assert (quote.citation.n, quote.chance, quote.by) == (2, None, "embedder")
    offset = HANDBOOK.chunk.text.index(quote.citation.quote)
    assert (quote.citation.start, quote.citation.end) == (50 + offset, 50 + offset + len(quote.citation.quote))


def test_a_page_number_is_never_a_quote() -> None:
    quote = best_quote(HashEmbedder(), "page 1", [HANDBOOK])
    assert quote is not None
    assert "Page 1" not in quote.citation.quote


def test_without_a_sentence_there_is_no_quote() -> None:
    assert best_quote(HashEmbedder(), "anything", [passage("Page 2")]) is None
    assert best_quote(HashEmbedder(), "anything", []) is None
