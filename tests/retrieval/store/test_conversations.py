import pytest

from retrieval.errors import Conflict, NotFound
from retrieval.store import conversations
from retrieval.store.conversations import MAX_TURNS, Turn
from tests.fakes import Library


def say(library: Library, question: str, answer: str = "An answer.", *documents: str) -> None:
    with library.database.write() as connection:
        conversations.add(connection, "talk", Turn("request", question, answer, 1.0), documents)


def turns(library: Library, count: int = MAX_TURNS) -> list[tuple[str, str | None]]:
    with library.database.read() as connection:
        found = conversations.latest(connection, conversations.get(connection, "talk").key, count)
    return [(turn.question, turn.answer) for turn in found]


@pytest.fixture
def document(library: Library) -> str:
    found = library.add("Kettles boil water.").id
    with library.database.write() as connection:
        conversations.ensure(connection, "talk", "default")
    return found


def test_turns_come_back_in_order_and_the_latest_on_request(library: Library, document: str) -> None:
    for number in range(3):
        say(library, f"q{number}", "a", document)
    assert turns(library) == [("q0", "a"), ("q1", "a"), ("q2", "a")]
    assert turns(library, 2) == [("q1", "a"), ("q2", "a")]


def test_conversations_are_named_by_the_oldest_question_that_is_kept(library: Library, document: str) -> None:
    with library.database.write() as connection:
        keys = [conversations.ensure(connection, name, "default").key for name in ("talk", "other", "silent")]
        conversations.add(connection, "other", Turn("request", "elsewhere", "a", 1.0), [])
    say(library, "first")
    say(library, "second")
    with library.database.read() as connection:
        assert conversations.first_questions(connection, keys) == {keys[0]: "first", keys[1]: "elsewhere"}
        assert conversations.first_questions(connection, []) == {}


def test_an_answer_goes_with_any_document_it_was_made_of(library: Library, document: str) -> None:
    other = library.add("Pots hold soup.").id
    say(library, "both", "Kettles and pots.", document, other)
    say(library, "one", "Pots.", other)
    say(library, "none", "Nothing was found.")
    library.remove(document)
    assert turns(library) == [("both", None), ("one", "Pots."), ("none", "Nothing was found.")]


def test_an_answer_made_of_a_document_that_was_deleted_meanwhile_is_not_kept(library: Library, document: str) -> None:
    library.remove(document)
    say(library, "late", "Kettles boil water.", document)
    assert turns(library) == [("late", None)]


def test_only_the_newest_turns_are_kept(library: Library, document: str) -> None:
    for number in range(MAX_TURNS + 3):
        say(library, str(number))
    kept = [question for question, _ in turns(library, 10 * MAX_TURNS)]
    assert kept == [str(number) for number in range(3, MAX_TURNS + 3)]


def test_a_conversation_is_about_one_collection_and_goes_with_it(library: Library, document: str) -> None:
    library.add("Elsewhere.", collection="other")
    with library.database.write() as connection, pytest.raises(Conflict):
        conversations.ensure(connection, "talk", "other")
    with library.database.write() as connection:
        conversations.remove(connection, "talk")
    say(library, "to nobody")
    with library.database.read() as connection, pytest.raises(NotFound):
        conversations.get(connection, "talk")
