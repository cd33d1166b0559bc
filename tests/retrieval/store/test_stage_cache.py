"""What slow stages gave, kept for as long as its document."""

from retrieval.store import stage_cache
from tests.fakes import Library


def test_a_value_is_found_by_its_key_replaced_and_gone_with_its_document(library: Library) -> None:
    document = library.accept("A note.")
    key = stage_cache.key_of("written", document.id, "model", "prompt")
    with library.database.write() as connection:
        stage_cache.put(connection, document.id, "written", key, b"first")
        stage_cache.put(connection, document.id, "written", key, b"second")
        assert stage_cache.get(connection, [key, "other"]) == {key: b"second"}
    library.remove(document.id)
    with library.database.read() as connection:
        assert stage_cache.get(connection, [key]) == {}


def test_a_document_that_is_gone_leaves_nothing(library: Library) -> None:
    with library.database.write() as connection:
        stage_cache.put(connection, "00000000-0000-0000-0000-000000000000", "written", "key", b"value")
        assert stage_cache.get(connection, ["key"]) == {}


def test_what_belongs_to_an_earlier_state_is_dropped_and_nothing_else(library: Library) -> None:
    mine, other = library.accept("A note."), library.accept("Another note.")
    with library.database.write() as connection:
        for document, stage, key in ((mine, "written", "a"), (mine, "written", "b"), (mine, "parsed", "c")):
            stage_cache.put(connection, document.id, stage, key, b"value")
        stage_cache.put(connection, other.id, "written", "d", b"value")
        stage_cache.keep_only(connection, mine.id, "written", ["b"])
        assert set(stage_cache.get(connection, list("abcd"))) == {"b", "c", "d"}


def test_keys_of_different_parts_differ() -> None:
    keys = {
        stage_cache.key_of(*parts)
        for parts in (("s", "d", "a", "b"), ("s", "d", "ab"), ("s", "da", "b"), ("t", "d", "a", "b"))
    }
    assert len(keys) == 4
