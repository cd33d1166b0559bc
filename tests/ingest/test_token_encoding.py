"""Token vectors: made where a collection asks for them, gone with their document, and safe against kills and damage."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import func, select

from ingest.token_encoding import TokenEncoding
from retrieval.late_interaction import scores
from retrieval.store import collections
from retrieval.store.schema import token_vectors
from retrieval.token_encoding import EmbedderTokens
from retrieval.types import SearchRequest, SearchResult
from tests.fakes import HashEmbedder, Library

ASKED = SearchRequest("cranes in harbour seven", "default", 10, late_interaction=True)


def encode(library: Library, embedder: HashEmbedder | None = None) -> None:
    tokens = EmbedderTokens(embedder or library.embedder)
    TokenEncoding(library.database, lambda: tokens, library.folder / "tokens.lock").advance(threading.Event())


def ask_for(library: Library, wanted: bool) -> None:
    with library.database.write() as connection:
        collections.change_settings(connection, "default", {"late_interaction": wanted})


def stored(library: Library) -> int:
    with library.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(token_vectors)) or 0


def compared(result: SearchResult) -> int | None:
    return result.trace.recorded("late_interaction", "compared")


@pytest.fixture
def filled(library: Library) -> Library:
    for number in ("one", "two", "seven", "nine"):
        library.add(f"Harbour {number} has {number} cranes.\n\nShips load coal at pier {number}.", name=f"{number}.txt")
    ask_for(library, True)
    return library


def test_nothing_is_made_unless_a_collection_asks(library: Library) -> None:
    library.add("Harbour seven has cranes.")
    encode(library)
    assert stored(library) == 0
    result = library.retriever().search(ASKED)
    skipped = {entry.stage: entry.skipped for entry in result.trace.stages}
    assert skipped["late_interaction"] == "the collection keeps no token vectors"


def test_searches_compare_what_is_there_before_and_after_a_generation_is_built(filled: Library) -> None:
    encode(filled)
    fresh = filled.retriever().search(ASKED)
    filled.build()
    built = filled.retriever().search(ASKED)
    assert compared(fresh) == compared(built) == stored(filled) > 0
    assert [hit.chunk.id for hit in fresh.hits] == [hit.chunk.id for hit in built.hits]
    assert "seven" in built.hits[0].chunk.text
    assert all(hit.features for hit in built.hits)
    without = filled.retriever().search(SearchRequest(ASKED.query, "default", 10))
    assert compared(without) is None


def test_a_document_that_comes_later_is_encoded_and_one_that_goes_leaves_nothing(filled: Library) -> None:
    encode(filled)
    filled.build()
    retriever, before = filled.retriever(), stored(filled)
    late = filled.add("Harbour twelve has cranes too.", name="late.txt")
    assert compared(retriever.search(ASKED)) == before
    encode(filled)
    assert compared(retriever.search(ASKED)) == before + 1
    filled.remove(late.id)
    assert stored(filled) == before
    assert compared(retriever.search(ASKED)) == before


def test_what_nobody_asks_for_any_more_is_removed(filled: Library) -> None:
    encode(filled)
    ask_for(filled, False)
    encode(filled)
    assert stored(filled) == 0


def test_another_model_takes_the_place_of_the_one_before(filled: Library) -> None:
    encode(filled)
    count, other = stored(filled), HashEmbedder("other@1", 48)
    encode(filled, other)
    assert stored(filled) == count
    snapshot = filled.snapshots().latest("default")
    keys = np.concatenate([part.chunk_keys[mask] for part, mask in zip(snapshot.segments, snapshot.alive, strict=True)])
    assert np.isfinite(scores(EmbedderTokens(other), snapshot, "cranes", keys.tolist())).all()
    assert np.isnan(scores(EmbedderTokens(filled.embedder), snapshot, "cranes", keys.tolist())).all()


def test_a_damaged_file_is_noticed_and_made_again_from_the_database(filled: Library) -> None:
    encode(filled)
    filled.build()
    before = filled.retriever().search(ASKED)
    (path,) = filled.files.folder.glob("*/late_interaction.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    after = filled.retriever().search(ASKED)
    assert compared(after) == compared(before)
    assert [hit.chunk.id for hit in after.hits] == [hit.chunk.id for hit in before.hits]


def test_a_chunk_without_words_is_encoded_once(library: Library) -> None:
    library.add("— … —")
    library.add("Harbour seven has cranes.")
    ask_for(library, True)
    encode(library)
    assert stored(library) == 2
    assert compared(library.retriever().search(ASKED)) == 1


def test_nothing_is_looked_for_again_until_something_changes(filled: Library) -> None:
    asked: list[int] = []

    class Watching(EmbedderTokens):
        def passage_tokens(self, passages: Sequence[str]) -> Sequence[np.ndarray]:
            asked.append(len(passages))
            return super().passage_tokens(passages)

    tokens = Watching(filled.embedder)
    encoding = TokenEncoding(filled.database, lambda: tokens, filled.folder / "tokens.lock")
    for _ in range(3):
        encoding.advance(threading.Event())
    assert sum(asked) == stored(filled)
    filled.add("Harbour twelve has cranes too.", name="late.txt")
    encoding.advance(threading.Event())
    assert sum(asked) == stored(filled)
