"""The ranker: refuses models it cannot serve, orders by their scores, and says why."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.analysis import terms
from retrieval.candidates import tabulate
from retrieval.errors import ModelUnavailable
from retrieval.fusion import reciprocal_rank_fusion
from retrieval.ranking import DEFAULT_RANKER, DOCUMENT_NAME, Ranked, Ranker
from retrieval.recall import Query, recall
from retrieval.store import chunks
from tests.fakes import Library

QUESTION = "who counts the ships at the northern cape"

REPORTS = (("Oslo", "good"), ("Bergen", "fine"), ("Narvik", "well"))


def ranked(library: Library, ranker: Ranker, explained: int = 10, question: str = QUESTION) -> list[Ranked]:
    snapshot = library.snapshots().latest("default")
    query = Query(question, terms(question), library.embedder.embed_query(question))
    lists = recall(query, snapshot, snapshot.alive, 100)
    fused = reciprocal_rank_fusion({name: found.keys for name, found in lists.items()})
    keys = [key for key, _ in fused]
    return list(ranker.rank(keys, tabulate(query, snapshot, lists, fused), explained))


@pytest.fixture
def filled(library: Library) -> Library:
    for number in range(20):
        library.add(f"Keeper {number} counts {'ships at the northern cape' if number % 4 == 0 else 'sheep'}.")
    return library


def test_the_shipped_ranker_prefers_what_answers_the_question(filled: Library) -> None:
    keys = [item.key for item in ranked(filled, Ranker())[:5]]
    with filled.database.read() as connection:
        texts = [chunk.text for chunk in chunks.visible(connection, keys).values()]
    assert all("northern cape" in text for text in texts)


def test_scores_fall_and_equal_requests_give_equal_results(filled: Library) -> None:
    first, second = ranked(filled, Ranker()), ranked(filled, Ranker())
    assert first == second
    assert [item.score for item in first] == sorted((item.score for item in first), reverse=True)


def test_contributions_sum_to_the_score(filled: Library) -> None:
    for item in ranked(filled, Ranker()):
        if item.contributions:
            assert sum(item.contributions.values()) == pytest.approx(item.score)


def test_a_document_whose_name_the_question_says_is_lifted_and_the_hit_says_so(library: Library) -> None:
    named = [library.add(f"Net sales rose by a tenth: {end}.", name=f"Acme {name}.txt") for name, end in REPORTS]
    found = ranked(library, Ranker(), question="how much did net sales rise in the Bergen report")
    with library.database.read() as connection:
        documents = [chunks.visible(connection, [item.key])[item.key].document_id for item in found]
    assert documents[0] == named[1].id
    assert found[0].contributions[DOCUMENT_NAME] > 0
    assert {item.contributions[DOCUMENT_NAME] for item in found[1:]} == {0.0}
    assert DOCUMENT_NAME not in found[0].features  # what is logged for learning is what the trees know


def test_only_the_first_are_explained(filled: Library) -> None:
    assert [bool(item.contributions) for item in ranked(filled, Ranker(), explained=3)][:5] == [True] * 3 + [False] * 2


def test_a_ranker_for_other_features_is_refused_and_names_them(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text(DEFAULT_RANKER.read_text().replace("cosine_leaders", "moon_phase"))
    with pytest.raises(ModelUnavailable, match=r"features that this version does not have: moon_phase"):
        Ranker(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        Ranker(tmp_path / "none.txt")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.txt"
    path.write_text(DEFAULT_RANKER.read_text()[:3000])
    with pytest.raises(ModelUnavailable):
        Ranker(path)


def test_nothing_is_ranked_to_nothing(library: Library) -> None:
    library.add("One.")
    snapshot = library.snapshots().latest("default")
    query = Query("x", ["x"], np.ones(64, dtype=np.float32) / 8)
    assert Ranker().rank([], tabulate(query, snapshot, {}, []), 5) == []
