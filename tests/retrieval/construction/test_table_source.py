"""Tables as a source: rows become passages that can be looked up in the document, and what is unsure is held back."""

import pytest

from retrieval.construction.table_questions import TableQuestion, TableQuestions
from retrieval.construction.table_source import LIKELY, SURE, TableSource
from retrieval.errors import InvalidRequest
from retrieval.routing.source_router import SourceRouter
from retrieval.sources import Found
from retrieval.store import tables
from retrieval.store.tables import NewTable
from retrieval.types import SearchRequest, SearchResult
from tests.fakes import HashEmbedder, Library
from tests.retrieval.construction.orders import COLUMNS, ROWS

TEXT = "\n".join(
    [
        "Order | Customer | Country | Order date | Quantity | Total EUR",
        "A1 | Blattwerk | Germany | 2 April 2025 | 3 | 30.00",
        "A2 | Kontor Nord | Norway | 20 April 2025 | 10 | 250.50",
        "A3 | Blattwerk | Germany | 5 May 2025 | 1 | 9.50",
        "A4 | Quire & Co | UK | 30 May 2025 | 7 | 70.00",
        "A5 | Studio Hvid | Denmark | 11 June 2025 | - | 0.00",
    ]
)


@pytest.fixture
def shop(library: Library) -> Library:
    document = library.add(TEXT, name="orders.csv")
    with library.database.write() as connection:
        assert document.active_revision is not None
        keys = tables.replace(connection, document.active_revision, [NewTable("orders", "Orders", COLUMNS, ROWS)])
        tables.add_rows(connection, [(keys[0], ordinal, row) for ordinal, row in enumerate(ROWS)])
    return library


def source(library: Library) -> TableSource:
    return TableSource(library.database, TableQuestions(library.database, HashEmbedder))


def found(library: Library, question: str) -> Found:
    return source(library).find(question, "default", 5)


def search(library: Library, query: str, **options: object) -> SearchResult:
    tables_source = source(library)
    retriever = library.retriever(SourceRouter({"tables": tables_source}, tables_source))
    return retriever.search(SearchRequest(query, "default", 5, **{"route": "auto", **options}))  # type: ignore[arg-type]


def test_a_row_is_cited_where_it_stands_word_for_word(shop: Library) -> None:
    (hit,) = found(shop, "What is the quantity of order A4?").hits
    assert hit.chunk.text == "Quantity: 7 (Order: A4)"
    assert hit.computed is not None
    assert hit.computed.quote == "A4 | Quire & Co | UK | 30 May 2025 | 7 | 70.00"
    assert TEXT[hit.chunk.start : hit.chunk.end] == hit.computed.quote
    assert hit.computed.statement.startswith("SELECT")


def test_a_figure_that_was_calculated_points_at_its_table_and_its_rows_follow(shop: Library) -> None:
    first, *rows = found(shop, "How many orders came from Germany?").hits
    assert first.chunk.text == "Number: 2 (Country: Germany)"
    assert first.computed is not None
    assert first.computed.quote is None
    assert (first.chunk.start, first.chunk.end) == (0, len(TEXT))
    lines = TEXT.split("\n")
    assert [row.computed and row.computed.quote for row in rows] == [lines[1], lines[3]]


def test_the_same_result_has_the_same_id_and_others_have_others(shop: Library) -> None:
    question = "How many orders came from Germany?"
    ids = [hit.chunk.id for hit in found(shop, question).hits]
    assert ids == [hit.chunk.id for hit in found(shop, question).hits]
    assert len({*ids, found(shop, "How many orders came from the UK?").hits[0].chunk.id}) == len(ids) + 1


def test_a_question_that_leaves_words_and_numbers_unread_is_less_sure(shop: Library) -> None:
    asking = TableQuestions(shop.database, HashEmbedder)

    def confidence(question: str) -> float:
        answer = asking.ask(TableQuestion("default", question))
        assert answer.confidence is not None, answer.reason
        return answer.confidence

    plain = confidence("How many orders came from Germany?")
    assert plain >= SURE
    assert confidence("How many orders came from Germany after the 3?") < plain
    assert confidence("How many other orders also came from Germany?") < plain


def test_what_is_unlikely_is_not_shown_and_the_statement_is(shop: Library) -> None:
    given = found(shop, "Which orders, before the last 3, had the same quantity as the first 2 in Norway?")
    assert not given.hits
    if given.statement is not None:
        assert given.details["confidence"] < LIKELY


def test_a_search_puts_a_sure_row_before_the_chunks(shop: Library) -> None:
    result = search(shop, "How many orders came from Germany?")
    assert result.hits[0].computed is not None
    assert any(hit.computed is None for hit in result.hits)
    assert result.trace.recorded("route", "sources") == ["documents", "tables"]
    assert "COUNT" in result.trace.recorded("sources", "tables")["statement"]
    assert result.evidence >= SURE


def test_a_search_for_documents_asks_no_table(shop: Library) -> None:
    result = search(shop, "How many orders came from Germany?", route="documents")
    assert all(hit.computed is None for hit in result.hits)


def test_a_search_of_tables_gives_rows_only(shop: Library) -> None:
    result = search(shop, "How many orders came from Germany?", route="tables")
    assert result.hits
    assert all(hit.computed is not None for hit in result.hits)


def test_a_filter_keeps_the_rows_of_other_documents_out(shop: Library) -> None:
    result = search(shop, "How many orders came from Germany?", filter={"name": "others.csv"})
    assert not result.hits


def test_a_deleted_document_gives_no_row(shop: Library) -> None:
    document_id = search(shop, "How many orders came from Germany?").hits[0].chunk.document_id
    shop.remove(document_id)
    assert not search(shop, "How many orders came from Germany?").hits


def test_small_talk_asks_nothing(shop: Library) -> None:
    result = search(shop, "Hello, thanks a lot!")
    assert not result.hits
    assert result.trace.recorded("route", "reason") == "small talk"


def test_a_source_that_is_not_there_is_refused_by_name(shop: Library) -> None:
    with pytest.raises(InvalidRequest, match="graph"):
        search(shop, "How are Blattwerk and Kontor Nord connected?", route="graph")
