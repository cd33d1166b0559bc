"""Searches that are translated, over a real store."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retrieval.pipeline import Retriever
from retrieval.translation.strategies import AUTO, STRATEGIES, UNWRITTEN
from retrieval.translation.translate import MAX_REWRITES, QueryWriter
from retrieval.types import SearchRequest, SearchResult
from retrieval.why_not import why_not
from tests.fakes import HashEmbedder, Library, ScriptedCompletions, scripted_ranker

QUESTION = "Who is the mother of the director of Red Dawn?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Passages of which one names another; made once, since no test here changes them."""
    built = Library(tmp_path_factory.mktemp("films"))
    for number in range(8):
        built.add(f"The mother of actor {number} had a theatre.", name=f"{number}.txt")
    built.add("Red Dawn: a film. The director of Red Dawn is Ann Lee, who shot it in the hills.", name="Red Dawn.txt")
    built.add("A painter, born in 1950 to Eve Hart. She swims.", name="Ann Lee.txt")
    yield built
    built.database.close()


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Library]:
    """A library of the test's own."""
    built = Library(tmp_path)
    yield built
    built.database.close()


def search(retriever: Retriever, translation: Sequence[str], k: int = 10, **options: Any) -> SearchResult:
    return retriever.search(SearchRequest(QUESTION, "default", k, translation=translation, **options))


def stage(result: SearchResult, name: str) -> Any:
    (entry,) = [entry for entry in result.trace.stages if entry.stage == name]
    return entry


def told(result: SearchResult) -> Any:
    return stage(result, "translate").details["strategies"]


def writing(library: Library, model: ScriptedCompletions, *strategies: str) -> Retriever:
    writer = QueryWriter(model, frozenset({"en"}), frozenset(strategies))
    embedders = {HashEmbedder.model_id: library.embedder}
    return Retriever(library.database, library.snapshots(), embedders, scripted_ranker(), query_writer=writer)


def test_iterative_brings_the_passage_that_another_names_right_after_it(library: Library) -> None:
    retriever = library.retriever()
    plain = [hit.chunk.document for hit in search(retriever, ()).hits]
    assert plain.index("Ann Lee.txt") > plain.index("Red Dawn.txt") + 1
    result = search(retriever, ("iterative",))
    found = [hit.chunk.document for hit in result.hits]
    assert found.index("Ann Lee.txt") == found.index("Red Dawn.txt") + 1
    linked = result.hits[found.index("Ann Lee.txt")]
    assert linked.why["link_rank"] == 1
    assert linked.features.keys() == result.hits[0].features.keys()
    assert told(result)[0]["rounds"][0]["followed"]


def test_a_linked_passage_obeys_the_filter_and_deletion(changing: Library) -> None:
    film = changing.add("Blue Noon is by the director Bob Stone, mother of none.", name="Blue Noon.txt", year=1)
    other = changing.add("A sculptor.", name="Bob Stone.txt", year=2)
    retriever = changing.retriever()
    asked = SearchRequest("mother of the director of Blue Noon", "default", 10, translation=("iterative",))
    assert [hit.chunk.document_id for hit in retriever.search(asked).hits] == [film.id, other.id]
    filtered = replace(asked, filter={"year": 1})
    assert [hit.chunk.document_id for hit in retriever.search(filtered).hits] == [film.id]
    changing.remove(other.id)
    assert [hit.chunk.document_id for hit in retriever.search(asked).hits] == [film.id]


def test_a_heading_in_chinese_is_a_link_too(changing: Library) -> None:
    for number in range(6):
        changing.add(f"第{number}位员工办理住宿。", name=f"{number}.txt")
    changing.add("出差请按照差旅报销制度办理，住宿另有标准。", name="出差须知.txt")
    changing.add("十个工作日内提交单据。", name="差旅报销制度.txt")
    request = SearchRequest("出差住宿怎么办理", "default", 5, translation=("iterative",))
    found = [hit.chunk.document for hit in changing.retriever().search(request).hits]
    assert found.index("差旅报销制度.txt") == found.index("出差须知.txt") + 1


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_every_strategy_keeps_the_question_and_says_what_it_did(library: Library, name: str) -> None:
    result = search(library.retriever(), (name,), k=40)
    assert {hit.chunk.document for hit in result.hits} >= {"Red Dawn.txt"}
    (entry,) = told(result)
    assert entry["strategy"] == name
    assert entry["calls"] == 0
    assert entry["by"] == "passages"
    assert entry["queries"] or entry["skipped"]
    assert entry["milliseconds"] >= 0


def test_all_strategies_together_are_bounded_and_repeat_nothing(library: Library) -> None:
    result = search(library.retriever(), tuple(STRATEGIES))
    queries = stage(result, "recall_reworded").details["queries"]
    assert len(queries) <= MAX_REWRITES
    assert len({hit.chunk.id for hit in result.hits}) == len(result.hits)


def test_the_same_search_translated_twice_gives_the_same(library: Library) -> None:
    first, second = (search(library.retriever(), tuple(STRATEGIES)) for _ in range(2))
    assert [hit.chunk.id for hit in first.hits] == [hit.chunk.id for hit in second.hits]


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_collection_without_documents_can_be_asked_anything(changing: Library, name: str) -> None:
    document = changing.add("Soon gone.")
    changing.remove(document.id)
    assert search(changing.retriever(), (name,)).hits == []


@pytest.mark.parametrize("name", sorted(STRATEGIES.keys() - UNWRITTEN))
def test_the_model_writes_where_it_was_told_to_and_its_queries_are_searched(library: Library, name: str) -> None:
    model = ScriptedCompletions(lambda _: "Ann Lee, painter, born to Eve Hart")
    result = search(writing(library, model, name), (name,), k=40, rerank=False)
    assert (told(result)[0]["by"], told(result)[0]["calls"]) == ("model", 1)
    assert "Ann Lee.txt" in {hit.chunk.document for hit in result.hits}
    assert search(writing(library, model), (name,)).trace.recorded("translate", "llm_calls") == 0


def test_without_calls_left_the_passages_stand_in_for_the_model_and_the_trace_says_why(library: Library) -> None:
    model = ScriptedCompletions(lambda _: "Ann Lee")
    result = search(writing(library, model, "multi_query", "step_back"), ("multi_query", "step_back"), max_llm_calls=1)
    first, second = told(result)
    assert (first["by"], second["by"]) == ("model", "passages")
    assert "max_llm_calls" in second["not_written"]
    assert len(model.prompts) == 1


def test_a_search_without_time_answers_without_its_optional_stages_and_says_so(library: Library) -> None:
    result = search(library.retriever(), ("iterative", "hyde"), max_ms=0.001)
    assert result.hits
    assert [entry["skipped"] for entry in told(result)] == ["there is no time for it: max_ms"] * 2
    assert stage(result, "rank").skipped == "there is no time for it: max_ms"


def test_auto_runs_what_the_gate_chooses_and_shows_its_reasons(library: Library) -> None:
    gate = stage(search(library.retriever(), (AUTO,)), "translate").details["gate"]
    assert set(gate["chosen"]) <= set(STRATEGIES)
    assert all(0 <= chance <= 1 for chance in gate["chances"].values())
    assert gate["signals"]["possessions"] == 2


def test_other_wordings_of_a_follow_up_and_translations_are_searched_together(library: Library) -> None:
    result = search(library.retriever(), ("hyde",), alternatives=("and her mother?",))
    entries = [entry for entry in result.trace.stages if entry.stage == "recall_reworded"]
    assert entries[0].details["queries"] == ["and her mother?"]
    assert entries[1].details["queries"] == [QUESTION]
    assert set(entries[1].details["candidates"]) == {"dense 3", "sparse 3", "tree 3"}


def test_a_linked_hit_is_explained_as_a_hit(library: Library) -> None:
    retriever = library.retriever()
    request = SearchRequest(QUESTION, "default", 3, translation=("iterative",))
    linked = next(hit for hit in retriever.search(request).hits if "link_rank" in hit.why)
    found = why_not(library.database, retriever, request, None, linked.chunk.id)
    assert found.fell_out is None
    assert "It is a hit" in found.sentences[0]
