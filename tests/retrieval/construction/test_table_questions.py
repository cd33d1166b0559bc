"""Questions to tables: from the words to the rows, and the rows they stand on."""

from datetime import date

import pytest

from retrieval.construction.sql_execution import SqlLimits
from retrieval.construction.table_questions import TableAnswer, TableQuestion, TableQuestions
from retrieval.errors import InvalidRequest, NotFound, TooLarge
from retrieval.store import documents
from tests.fakes import HashEmbedder, Library
from tests.retrieval.construction.orders import add_orders


@pytest.fixture
def shop(library: Library) -> Library:
    add_orders(library)
    return library


def ask(library: Library, question: str) -> TableAnswer:
    asking = TableQuestions(library.database, HashEmbedder)
    return asking.ask(TableQuestion("default", question), date(2025, 7, 1))


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many orders came from Germany?", [(2,)]),
        ("How many different customers are there?", [(4,)]),
        ("What is the total quantity ordered by Kontor Nord?", [(10,)]),
        ("What is the average quantity of the orders?", [(5.25,)]),
        ("What is the highest order total?", [(250.5,)]),
        ("Which country has the most orders?", [("Germany", 2)]),
        ("Which order has the lowest quantity?", [("A3", 1)]),
        ("What are the two orders with the highest total?", [("A2", 250.5), ("A4", 70.0)]),
        ("How many orders are there per country?", [("Denmark", 1), ("Germany", 2), ("Norway", 1), ("UK", 1)]),
        ("Which orders have a total above 50 euros?", [("A2",), ("A4",)]),
        ("Which orders were made in May 2025?", [("A3",), ("A4",)]),
        ("How many orders were made last quarter?", [(5,)]),
        ("Which orders are not from Germany?", [("A2",), ("A4",), ("A5",)]),
        ("What is the quantity of order A4?", [(7,)]),
        ("Which country has more orders, Germany or Norway?", [("Germany", 2)]),
        ("What percentage of the orders came from the UK?", [(20.0,)]),
        ("How many more orders came from Germany than from Norway?", [(1,)]),
        ("来自Germany的order有多少个？", [(2,)]),
    ],
)
def test_a_question_gets_its_rows(shop: Library, question: str, rows: list[tuple[object, ...]]) -> None:
    answer = ask(shop, question)
    assert answer.result is not None, answer.reason
    assert list(answer.result.rows) == rows, answer.sql


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("How do I make an order?", "not about tables"),
        ("What is the weather like in Bergen?", "no table"),
        ("Which orders mention a defective refrigerator compressor?", "words left over"),
    ],
)
def test_what_the_tables_do_not_say_gets_a_reason(shop: Library, question: str, reason: str) -> None:
    answer = ask(shop, question)
    assert (answer.sql, answer.result, answer.reason) == (None, None, reason)


def test_an_answer_cites_its_rows(shop: Library) -> None:
    answer = ask(shop, "What is the total quantity of orders from Germany?")
    assert [(row.document, row.table, row.row, row.cells["order_id"]) for row in answer.evidence] == [
        ("orders.csv", "orders", 1, "A1"),
        ("orders.csv", "orders", 3, "A3"),
    ]
    assert [row.row for row in ask(shop, "Which order has the highest total?").evidence] == [2]


def test_the_trace_tells_how_the_statement_came_about(shop: Library) -> None:
    trace = ask(shop, "How many orders came from Germany?").trace
    assert [stage.stage for stage in trace.stages] == ["tables", "construct", "check", "execute"]
    assert trace.recorded("construct", "template") == "counted"
    assert trace.recorded("construct", "linked")[0]["values"] == ["country = Germany"]


def test_a_statement_runs_as_it_is_and_is_mended_once(shop: Library) -> None:
    asking = TableQuestions(shop.database, HashEmbedder)
    answer = asking.ask(TableQuestion("default", sql="SELECT costumer FROM orders WHERE quantity > 5"))
    assert answer.result is not None
    assert answer.result.rows == (("Kontor Nord",), ("Quire & Co",))
    assert answer.trace.recorded("check", "mended") == "SELECT costumer FROM orders WHERE quantity > 5"
    with pytest.raises(InvalidRequest, match="refused"):
        asking.ask(TableQuestion("default", sql="DELETE FROM orders"))
    with pytest.raises(InvalidRequest, match="misuse of aggregate"):
        asking.ask(TableQuestion("default", sql="SELECT customer FROM orders WHERE count(*) > 1"))


def test_tables_of_one_name_are_told_apart_and_filtered(shop: Library) -> None:
    add_orders(shop, "other.csv")
    asking = TableQuestions(shop.database, HashEmbedder)
    both = asking.ask(TableQuestion("default", sql="SELECT (SELECT count(*) FROM orders) + count(*) FROM orders_2"))
    assert both.result is not None
    assert both.result.rows == ((10,),)
    asking.ask(TableQuestion("default", sql="SELECT 1 FROM orders_2", filter={"name": "other.csv"}))
    with pytest.raises(InvalidRequest, match="no table"):
        asking.ask(TableQuestion("default", sql="SELECT 1 FROM orders", filter={"name": "other.csv"}))


def test_a_deleted_document_does_not_answer(shop: Library) -> None:
    asking = TableQuestions(shop.database, HashEmbedder)
    question = TableQuestion("default", "How many orders came from Germany?")
    assert asking.ask(question).result is not None
    with shop.database.write() as connection:
        (document,) = documents.list_page(connection, "default", None, 10, None)
        documents.remove(connection, document.id)
    assert asking.ask(question).result is None


def test_tables_beyond_the_limit_are_not_copied(shop: Library) -> None:
    asking = TableQuestions(shop.database, HashEmbedder, SqlLimits(cells=10))
    with pytest.raises(TooLarge, match="cells"):
        asking.ask(TableQuestion("default", sql="SELECT count(*) FROM orders"))


def test_an_unknown_collection_is_not_found(shop: Library) -> None:
    with pytest.raises(NotFound):
        TableQuestions(shop.database, HashEmbedder).ask(TableQuestion("nowhere", "How many?"))


@pytest.mark.parametrize(
    "question",
    [
        "How many orders have a total above " + "9" * 400 + "?",
        "Which orders came from Germany' OR 1=1; DROP TABLE orders; --?",
        'What is the "total" of "; DELETE FROM orders?',
        "How many orders " * 1_000,
        "top 0 orders by quantity",
        "orders between and or than",
        "？？？",
        "\x00 how many orders",
    ],
)
def test_no_question_breaks_anything(shop: Library, question: str) -> None:
    ask(shop, question)
    answer = ask(shop, "How many orders are there?")
    assert answer.result is not None
    assert answer.result.rows == ((5,),)
