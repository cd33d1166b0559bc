"""Why a chunk is not among the hits: the stage that dropped it, and changes that were tried."""

from dataclasses import replace

import pytest

from retrieval.errors import InvalidRequest, NotFound
from retrieval.ranking import DOCUMENT_NAME
from retrieval.store import chunks
from retrieval.types import SearchRequest
from retrieval.why_not import Explanation, why_not
from tests.fakes import Library

REQUEST = SearchRequest("lighthouse keeper counts ships", "default", 3)


@pytest.fixture
def filled(library: Library) -> Library:
    for number in range(16):
        library.add(f"The lighthouse keeper counts {number} ships at the cape in year {1900 + number}.", year=number)
    return library


def explain(
    library: Library, request: SearchRequest, document: str | None = None, chunk: str | None = None
) -> Explanation:
    return why_not(library.database, library.retriever(), request, document, chunk)


def last_of(explanation: Explanation) -> str:
    return explanation.sentences[-1]


def test_a_hit_is_said_to_be_one_with_its_rank(filled: Library) -> None:
    hits = filled.retriever().search(REQUEST).hits
    for rank, hit in enumerate(hits, start=1):
        found = explain(filled, REQUEST, chunk=hit.chunk.id)
        assert (found.fell_out, found.rank) == (None, rank)
        assert found.sentences == [f"It is a hit, at rank {rank}."]


def test_every_chunk_has_the_rank_that_a_longer_search_gives_it(filled: Library) -> None:
    for rank, hit in enumerate(filled.retriever().search(replace(REQUEST, k=30)).hits, start=1):
        assert explain(filled, REQUEST, chunk=hit.chunk.id).rank == rank


def test_what_was_cut_names_the_k_that_would_have_been_enough(filled: Library) -> None:
    chunk = filled.retriever().search(replace(REQUEST, k=30)).hits[9].chunk
    found = explain(filled, REQUEST, chunk=chunk.id)
    assert found.fell_out == "cut"
    assert "It is at 10 in the final order, and the search asked for 3 hits." in found.sentences
    change = next(change for change in found.changes if "k" in change.request)
    assert (change.request["k"], change.rank, change.is_hit) == (10, 10, True)
    again = filled.retriever().search(replace(REQUEST, **change.request)).hits
    assert again[change.rank - 1].chunk.id == chunk.id


def test_features_stand_beside_those_of_the_last_hit_and_explain_the_difference(filled: Library) -> None:
    hits = filled.retriever().search(replace(REQUEST, k=30)).hits
    found = explain(filled, REQUEST, chunk=hits[12].chunk.id)
    assert found.last_hit is not None
    assert found.last_hit.chunk.id == hits[2].chunk.id
    difference = sum(item.contribution - item.last_contribution for item in found.features)
    assert difference == pytest.approx(hits[12].score - hits[2].score)
    moved = [item.contribution - item.last_contribution for item in found.features]
    assert moved == sorted(moved)


def test_what_the_name_of_its_document_adds_is_compared_too(filled: Library) -> None:
    named = filled.add("Another year, another count of ships.", name="lighthouse keeper.txt")
    hits = filled.retriever().search(replace(REQUEST, k=30)).hits
    unnamed = next(hit for hit in hits[3:] if hit.chunk.document_id != named.id)
    hit = next(hit for hit in hits if hit.chunk.document_id == named.id)
    found = explain(filled, replace(REQUEST, k=hits.index(hit) + 1), chunk=unnamed.chunk.id)
    compared = next(item for item in found.features if item.name == DOCUMENT_NAME)
    assert found.last_hit is not None
    assert found.last_hit.chunk.id == hit.chunk.id
    assert compared.last_contribution > compared.contribution == 0


def test_without_the_ranker_there_are_no_features_to_compare(filled: Library) -> None:
    request = replace(REQUEST, rerank=False)
    chunk = filled.retriever().search(replace(request, k=30)).hits[9].chunk
    found = explain(filled, request, chunk=chunk.id)
    assert found.fell_out == "cut"
    assert not found.features
    assert "rank" not in [verdict.stage for verdict in found.stages]


def test_a_filter_names_the_field_the_value_and_what_was_asked(filled: Library) -> None:
    document = filled.add("A lighthouse keeper counts ships.", year=1871, author="Ann")
    request = replace(REQUEST, filter={"and": [{"year": {"gte": 1900}}, {"author": "Ann"}, {"not": {"place": "x"}}]})
    found = explain(filled, request, document.id)
    assert found.fell_out == "filter"
    assert found.sentences[0] == "The filter excludes it. Its 'year' is 1871, the filter asks for {'gte': 1900}."
    assert last_of(found).startswith("Without the filter it is")
    missing = explain(filled, replace(REQUEST, filter={"colour": "red"}), document.id)
    assert "Its 'colour' is missing, the filter asks for 'red'." in missing.sentences[0]
    either = explain(filled, replace(REQUEST, filter={"or": [{"year": 1}, {"year": 2}]}), document.id)
    assert "It does not satisfy {'or'" in either.sentences[0]


def test_what_recall_did_not_reach_names_the_rank_and_the_candidates_that_would(filled: Library) -> None:
    request = replace(REQUEST, candidates=5)
    unreached = explain(filled, request, chunk=farthest(filled))
    assert unreached.fell_out == "recall"
    (dense,) = [verdict for verdict in unreached.stages if verdict.stage == "dense"]
    assert not dense.kept
    assert dense.depth == 5
    assert dense.rank is not None
    assert dense.rank > 5
    assert dense.score is not None
    assert dense.last_score is not None
    assert dense.score <= dense.last_score
    change = next(change for change in unreached.changes if "candidates" in change.request)
    assert explain(filled, replace(request, **change.request), chunk=unreached.chunk_id).rank == change.rank


def farthest(library: Library) -> str:
    """A chunk that neither list has among its first five."""
    ranks = {
        hit.chunk.id: min(value for name, value in hit.why.items() if name.endswith("_rank"))
        for hit in library.retriever().search(replace(REQUEST, k=30)).hits
    }
    return max(ranks, key=lambda chunk: ranks[chunk])


def test_a_chunk_without_a_word_of_the_query_is_told_so(filled: Library) -> None:
    document = filled.add("Rhubarb.")
    request = replace(REQUEST, candidates=5)
    found = explain(filled, request, document.id)
    assert found.fell_out == "recall"
    assert "It shares no word with the query." in found.sentences


def test_representations_that_were_not_asked_for_are_proposed(filled: Library) -> None:
    chunk = filled.retriever().search(REQUEST).hits[0].chunk
    request = replace(REQUEST, query="keeper", representations=frozenset({"summary"}), candidates=1)
    found = explain(filled, request, chunk=chunk.id)
    (dense,) = [verdict for verdict in found.stages if verdict.stage == "dense"]
    assert dense.detail == "It has no vector of the representations that dense recall looked at."


def test_of_a_document_the_chunk_that_came_farthest_is_followed(filled: Library) -> None:
    text = "Rhubarb grows in the garden.\n\nThe lighthouse keeper counts the ships."
    document = filled.add(text)
    with filled.database.read() as connection:
        known = [chunk.id for chunk in chunks.of_document(connection, document.id, 10, 0)]
    found = explain(filled, REQUEST, document.id)
    ranks = [explain(filled, REQUEST, chunk=chunk).rank or 999 for chunk in known]
    assert found.rank == min(ranks)
    assert found.chunk_id == known[ranks.index(min(ranks))]


def test_another_collection_is_named_and_tried(filled: Library) -> None:
    document = filled.add("Another lighthouse keeper.", collection="other")
    found = explain(filled, REQUEST, document.id)
    assert found.fell_out == "document"
    assert found.sentences == [
        "It is in collection 'other'; the search looked in 'default'.",
        "In collection 'other' it is a hit, at rank 1.",
    ]


def test_a_document_that_is_not_ready_or_failed_says_so(filled: Library) -> None:
    waiting = filled.accept("The keeper of another lighthouse.")
    assert explain(filled, REQUEST, waiting.id).sentences == ["It is not ready yet: it is queued."]
    failed = filled.add("REJECT the lighthouse")
    assert explain(filled, REQUEST, failed.id).sentences == ["It could not be ingested: The file is damaged."]


def test_what_was_deleted_or_replaced_is_not_found(filled: Library) -> None:
    hit = filled.retriever().search(REQUEST).hits[0]
    filled.remove(hit.chunk.document_id)
    with pytest.raises(NotFound, match="deleted"):
        explain(filled, REQUEST, hit.chunk.document_id)
    with pytest.raises(NotFound, match="deleted, or replaced"):
        explain(filled, REQUEST, chunk=hit.chunk.id)


def test_exactly_one_thing_is_explained(filled: Library) -> None:
    with pytest.raises(InvalidRequest, match="either a document or a chunk"):
        explain(filled, REQUEST)
    with pytest.raises(InvalidRequest, match="either a document or a chunk"):
        explain(filled, REQUEST, "a", "b")


def test_a_rank_beyond_what_is_looked_through_is_said_to_lie_there(filled: Library) -> None:
    request = replace(REQUEST, candidates=2)
    chunk = filled.retriever().search(replace(REQUEST, rerank=False, k=30)).hits[14].chunk
    whole = explain(filled, request, chunk=chunk.id)
    bounded = why_not(filled.database, filled.retriever(), request, None, chunk.id, limit=5)
    assert whole.fell_out == bounded.fell_out == "recall"
    dense = {found.stage: found for found in bounded.stages}["dense"]
    assert (dense.rank, dense.depth) == (None, 2)
    assert dense.detail == "It is not among the first 5 of the dense list; it was not looked for beyond."
    assert {found.stage: found for found in whole.stages}["dense"].rank is not None


def test_the_bound_is_never_nearer_than_the_search_itself_looks(filled: Library) -> None:
    for hit in filled.retriever().search(replace(REQUEST, k=30)).hits:
        found = why_not(filled.database, filled.retriever(), REQUEST, None, hit.chunk.id, limit=1)
        assert found.rank == explain(filled, REQUEST, chunk=hit.chunk.id).rank
