"""Ranking features: finite for whatever comes, the same in any order, and meaning what their names say."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.candidates import LEADERS, CandidateTable, tabulate
from retrieval.features import FEATURES, GROUPS, matrix
from retrieval.fusion import reciprocal_rank_fusion
from retrieval.indexes import segment, sparse
from retrieval.recall import Candidates, Query, recall, weighted_bm25
from retrieval.snapshot import Snapshot
from retrieval.store import chunks
from retrieval.store.chunks import IndexRows
from retrieval.store.trees import TreeRows
from tests.fakes import Library

TEXTS = (
    "The harbour of Port Elgin opened in 1843 and handles 120,000 tonnes of grain a year.",
    "Port wine is kept in a cool cellar; the cellar of the harbour inn holds 300 bottles.",
    "The lighthouse keeper counts the ships that pass the northern cape.",
    "图书馆每周一闭馆，周末延长开放时间。",
    "…!?",
    "A",
)


@pytest.fixture
def filled(library: Library) -> Library:
    for text in TEXTS:
        library.add(text)
    return library


def asked(library: Library, question: str) -> tuple[Query, Snapshot, Mapping[str, Candidates]]:
    snapshot = library.snapshots().latest("default")
    query = Query(question, terms(question), library.embedder.embed_query(question))
    return query, snapshot, recall(query, snapshot, snapshot.alive, 100)


def table(library: Library, question: str) -> CandidateTable:
    query, snapshot, lists = asked(library, question)
    return tabulate(query, snapshot, lists, reciprocal_rank_fusion({name: found.keys for name, found in lists.items()}))


def feature(library: Library, question: str, name: str) -> Mapping[str, float]:
    """The feature's value by the text of the chunk."""
    query, snapshot, lists = asked(library, question)
    fused = reciprocal_rank_fusion({name: found.keys for name, found in lists.items()})
    values = matrix(tabulate(query, snapshot, lists, fused), [name])[:, 0]
    with library.database.read() as connection:
        visible = chunks.visible(connection, [key for key, _ in fused])
    return {visible[key].text: float(value) for (key, _), value in zip(fused, values, strict=True)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.one_of(st.text(max_size=60), st.sampled_from(["???", "a", "1843", "港", "Port  Port port", "THE the 'S’ _"])))
def test_features_are_finite_for_any_query(filled: Library, question: str) -> None:
    found = matrix(table(filled, question), list(FEATURES))
    assert found.shape[1] == len(FEATURES)
    assert np.isfinite(found).all()


def test_no_candidates_have_no_features(filled: Library) -> None:
    query, snapshot, _ = asked(filled, "harbour")
    assert matrix(tabulate(query, snapshot, {}, []), list(FEATURES)).shape == (0, len(FEATURES))


def test_features_do_not_depend_on_how_chunks_are_spread_over_segments(filled: Library) -> None:
    # six documents that came one by one, after a first search, are six segments; a generation is one
    follower = filled.snapshots()
    apart = matrix(table(filled, "harbour cellar in 1843"), list(FEATURES))
    filled.build()
    together = matrix(table(filled, "harbour cellar in 1843"), list(FEATURES))
    assert len(follower.latest("default").segments) >= 1
    np.testing.assert_allclose(apart, together, atol=1e-6)


def test_features_of_a_candidate_do_not_depend_on_the_order_of_the_others(filled: Library) -> None:
    query, snapshot, lists = asked(filled, "harbour cellar in 1843")
    fused = reciprocal_rank_fusion({name: found.keys for name, found in lists.items()})
    # what stands at the top, and the place itself, are features by intent: only the rest is turned round
    turned = [*fused[:LEADERS], *fused[LEADERS:][::-1]]
    names = [name for name in FEATURES if name != "rrf_rank"]
    before = by_key(matrix(tabulate(query, snapshot, lists, fused), names), fused)
    after = by_key(matrix(tabulate(query, snapshot, lists, turned), names), turned)
    for key, row in before.items():
        np.testing.assert_allclose(row, after[key], atol=1e-6)


def by_key(rows: NDArray[np.float64], fused: list[tuple[int, float]]) -> Mapping[int, NDArray[np.float64]]:
    return {key: row for (key, _), row in zip(fused, rows, strict=True)}


def test_bm25_of_the_candidates_equals_that_of_the_index(filled: Library) -> None:
    query, snapshot, lists = asked(filled, "harbour cellar in 1843")
    index = [segment.sparse for segment in snapshot.segments]
    rarity = sparse.rarity(index, snapshot.alive, query.terms)
    best = sum(rarity.values()) * (sparse.K1 + 1)
    keys = lists["sparse"].keys
    found = matrix(tabulate(query, snapshot, lists, [(key, 0.0) for key in keys]), ["bm25"])[:, 0] * best
    np.testing.assert_allclose(found, lists["sparse"].scores, rtol=1e-4)


def test_a_field_scores_candidates_of_every_segment_by_its_own_words(library: Library) -> None:
    library.add("What the winch lifts.", name="winch-manual.txt")
    library.build()
    library.add("What the anchor holds, and what the winch does.", name="anchor.txt")
    query, snapshot, lists = asked(library, "what does the winch do")
    keys = sorted(lists["sparse"].keys)
    found = tabulate(query, snapshot, lists, [(key, 0.0) for key in keys]).score_field("title")
    assert found[0] > found[1] == 0


def test_words_of_a_heading_raise_a_chunk_that_says_the_same_without_one(library: Library) -> None:
    library.add("A note.")
    snapshot = library.snapshots().latest("default")
    none = np.zeros(0, dtype=np.int64)
    rows = IndexRows(
        np.array([1, 2]),
        np.array([1, 2]),
        ["crane rules", "crane rules"],
        [(), ("Crane",)],
        np.zeros((0, 64), dtype=np.float32),
        none,
        np.zeros(0, dtype=np.uint8),
        TreeRows(none, none, np.zeros((0, 0), dtype=np.float32), none, none, none),
    )
    every = (np.ones(2, dtype=bool),)
    headed = replace(snapshot, segments=(segment.from_rows(rows),), alive=every)
    ((plain, raised),) = weighted_bm25(["crane"], headed, every, {"headings": 0.4})
    assert raised > plain
    ((plain, raised),) = weighted_bm25(["crane"], headed, every, {})
    assert raised == plain


@pytest.mark.parametrize(
    ("name", "question", "better", "worse"),
    [
        ("coverage", "ships at the cape", 2, 0),
        ("numbers", "what happened in 1843", 0, 1),
        ("names", "when did Port Elgin open", 0, 1),
        ("pairs", "the lighthouse keeper", 2, 0),
        ("longest_run", "cool cellar", 1, 0),
        ("narrow_window", "cellar of the harbour", 1, 2),
        ("script", "周末开放时间", 3, 0),
        ("cosine", "the ships that pass", 2, 1),
        ("first_match", "northern", 0, 2),
    ],
)
def test_a_feature_is_higher_where_its_name_says(
    filled: Library, name: str, question: str, better: int, worse: int
) -> None:
    values = feature(filled, question, name)
    assert values[TEXTS[better]] > values[TEXTS[worse]]


def test_every_feature_is_in_one_group() -> None:
    assert sum(len(members) for members in GROUPS.values()) == len(FEATURES)
