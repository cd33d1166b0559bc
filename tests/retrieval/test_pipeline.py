"""The search pipeline over a real store, with an embedder that needs no model."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.errors import InvalidRequest, NotFound
from retrieval.pipeline import Retriever
from retrieval.ranking import Ranker
from retrieval.types import SearchRequest
from tests.fakes import HashEmbedder, Library, scripted_ranker


def search(library: Library, query: str, collection: str = "default", k: int = 10, **filter_: object) -> list[str]:
    request = SearchRequest(query, collection, k, filter_ or None)
    return [hit.chunk.text for hit in library.retriever().search(request).hits]


def test_the_passage_that_shares_the_rare_words_comes_first(library: Library) -> None:
    library.add("The kettle stands in the kitchen.")
    library.add("The lighthouse keeper counts the ships.")
    assert search(library, "who counts ships?")[0] == "The lighthouse keeper counts the ships."


def test_chinese_is_found_by_words_inside_a_run(library: Library) -> None:
    library.add("图书馆每周一闭馆，周末延长开放时间。")
    library.add("员工每年享有十五天带薪年假。")
    assert search(library, "年假有几天")[0].startswith("员工")


def test_a_document_is_found_as_soon_as_it_is_ready_and_gone_as_soon_as_it_is_deleted(library: Library) -> None:
    retriever = library.retriever()
    first = library.add("Apples ripen in September.")
    request = SearchRequest("apples", "default", 5)
    assert len(retriever.search(request).hits) == 1
    second = library.add("Apples keep in a cool cellar.")
    assert len(retriever.search(request).hits) == 2
    library.remove(first.id)
    assert [hit.chunk.document_id for hit in retriever.search(request).hits] == [second.id]


def test_collections_do_not_see_each_other(library: Library) -> None:
    library.add("The secret is rhubarb.", collection="mine")
    library.add("The weather is fine.", collection="yours")
    assert search(library, "secret rhubarb", collection="yours") == ["The weather is fine."]


def test_a_filter_is_applied_before_ranking(library: Library) -> None:
    for year in range(2000, 2020):
        library.add(f"Report of the year on gardens {year}.", year=year)
    library.add("A short note about gardens.", year=1990)
    # the note ranks below 20 better matches, and must still fill the one place there is
    assert search(library, "report of the year on gardens", k=1, year=1990) == ["A short note about gardens."]


def test_a_replaced_document_never_shows_both_revisions(library: Library) -> None:
    document = library.add("The fee is ten euros.")
    library.replace(document.id, "The fee is twelve euros.")
    assert search(library, "fee euros") == ["The fee is twelve euros."]


def test_equal_requests_give_equal_results(library: Library) -> None:
    for number in range(30):
        library.add(f"Sample {number} about rivers and bridges.")
    assert search(library, "rivers bridges") == search(library, "rivers bridges")


def test_the_trace_names_every_stage_in_order(library: Library) -> None:
    library.add("Bread needs flour.")
    trace = library.retriever().search(SearchRequest("flour", "default", 3)).trace.as_dict()
    stages = [stage["stage"] for stage in trace["stages"]]
    assert stages == [
        "route", "snapshot", "construct", "filter", "embed_query", "recall", "fusion", "rank",
        "translate", "late_interaction", "cross_encoder", "fetch", "evidence", "sources",
    ]  # fmt: skip
    assert trace["stages"][2]["skipped"]


def test_every_hit_says_which_lists_it_came_from(library: Library) -> None:
    library.add("Bread needs flour.")
    (hit,) = library.retriever().search(SearchRequest("flour", "default", 3, rerank=False)).hits
    assert hit.why["dense_rank"] == hit.why["sparse_rank"] == 1
    assert hit.score == pytest.approx(2 / 61)


def test_a_ranked_hit_says_which_features_moved_it_and_the_trace_shows_all(library: Library) -> None:
    library.add("Bread needs flour.")
    library.add("Ships need wind.")
    result = library.retriever().search(SearchRequest("flour for bread", "default", 3))
    assert any(name.startswith("because_") for name in result.hits[0].why)
    fetched = next(entry for entry in result.trace.stages if entry.stage == "fetch")
    assert [set(hit["features"]) for hit in fetched.details["hits"]] == [set(Ranker().features)] * 2


def test_without_reranking_the_order_is_that_of_fusion_and_the_trace_says_so(library: Library) -> None:
    for number in range(12):
        library.add(f"Note {number} about rivers{' and bridges' * (number % 3)}.")
    result = library.retriever().search(SearchRequest("bridges over rivers", "default", 12, rerank=False))
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)
    assert next(entry for entry in result.trace.stages if entry.stage == "rank").skipped


def test_ranking_keeps_every_candidate(library: Library) -> None:
    for number in range(12):
        library.add(f"Note {number} about rivers.")
    retriever = library.retriever()
    ranked = retriever.search(SearchRequest("rivers", "default", 12)).hits
    fused = retriever.search(SearchRequest("rivers", "default", 12, rerank=False)).hits
    assert {hit.chunk.id for hit in ranked} == {hit.chunk.id for hit in fused}


def test_evidence_is_higher_for_a_question_about_the_documents(library: Library) -> None:
    library.add("The lighthouse keeper counts the ships that pass the northern cape.")
    retriever = library.retriever()
    near = retriever.search(SearchRequest("Who counts the ships at the cape?", "default", 3)).evidence
    far = retriever.search(SearchRequest("Best recipe for lemon curd tart", "default", 3)).evidence
    assert near > far


def test_an_unknown_collection_is_not_found(library: Library) -> None:
    with pytest.raises(NotFound, match="no collection 'nowhere'"):
        search(library, "anything", collection="nowhere")


def test_an_empty_query_is_refused(library: Library) -> None:
    library.add("Bread needs flour.")
    with pytest.raises(InvalidRequest):
        search(library, "  ")


def test_a_query_without_any_known_term_still_finds_neighbours(library: Library) -> None:
    library.add("Bread needs flour.")
    assert search(library, "???") == ["Bread needs flour."]


def test_documents_replaced_between_recall_and_fetch_are_found_in_their_new_form(library: Library) -> None:
    first = library.add("Old words about the lighthouse keeper.")
    retriever = library.retriever()
    request = SearchRequest("lighthouse keeper", "default", 3)
    assert retriever.search(request).hits

    class Replacing(HashEmbedder):
        """Replaces the document while the query is embedded, so after the snapshot was taken, once."""

        def embed_query(self, query: str) -> NDArray[np.float32]:
            if library.get(first.id).revision_number == 1:
                library.replace(first.id, "New words about the lighthouse keeper.")
            return super().embed_query(query)

    overtaken = Retriever(
        library.database, library.snapshots(), {HashEmbedder.model_id: Replacing()}, scripted_ranker()
    )
    result = overtaken.search(request)
    assert [hit.chunk.text for hit in result.hits] == ["New words about the lighthouse keeper."]
    assert [entry.stage for entry in result.trace.stages].count("recall") == 2


def test_a_ranker_of_another_embedding_model_rests_and_the_trace_says_so(library: Library) -> None:
    for number in range(4):
        library.add(f"Boats and goats and coats, part {number}.", name=f"{number}.txt")
    request = SearchRequest("boats and goats", "default", 4)
    embedders = {HashEmbedder.model_id: HashEmbedder()}
    foreign = Retriever(library.database, library.snapshots(), embedders, Ranker()).search(request)
    (rested,) = [entry for entry in foreign.trace.stages if entry.stage == "rank"]
    assert rested.skipped == "the ranker was trained with another embedding model"
    plain = library.retriever().search(replace(request, rerank=False))
    assert [hit.chunk.id for hit in foreign.hits] == [hit.chunk.id for hit in plain.hits]
    assert [entry.skipped for entry in library.retriever().search(request).trace.stages if entry.stage == "rank"] == [
        None
    ]
