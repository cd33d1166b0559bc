"""BM25: equal to the formula computed the slow way, whatever the segments."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.indexes import sparse

ROWS = st.lists(st.lists(st.sampled_from("abcde"), max_size=8), min_size=1, max_size=12)


def slow(rows: list[list[str]], alive: list[bool], query: list[str]) -> list[float]:
    living = [row for row, lives in zip(rows, alive, strict=True) if lives]
    average = max(sum(map(len, living)) / max(len(living), 1), 1.0)
    scores = []
    for row in rows:
        score = 0.0
        for term in dict.fromkeys(query):
            frequency = sum(term in other for other in living)
            idf = math.log(1 + (len(living) - frequency + 0.5) / (frequency + 0.5)) if frequency else 0.0
            count = row.count(term)
            norm = sparse.K1 * (1 - sparse.B + sparse.B * len(row) / average)
            score += idf * (sparse.K1 + 1) * count / (count + norm)
        scores.append(score)
    return scores


@given(ROWS, st.lists(st.sampled_from("abcdz"), max_size=5), st.integers(0, 11), st.data())
def test_scores_equal_the_formula_however_rows_are_spread_over_indexes(
    rows: list[list[str]], query: list[str], cut: int, data: st.DataObject
) -> None:
    alive = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    parts = [rows[:cut], rows[cut:]]
    indexes = [sparse.build([" ".join(row) for row in part]) for part in parts]
    masks = [np.array(alive[:cut], dtype=bool), np.array(alive[cut:], dtype=bool)]
    found = np.concatenate(sparse.bm25(indexes, masks, query))
    lives = np.array(alive, dtype=bool)
    np.testing.assert_allclose(found[lives], np.array(slow(rows, alive, query))[lives], rtol=1e-4, atol=1e-5)


@given(ROWS, st.lists(st.sampled_from("abcdz"), max_size=5), st.data())
def test_a_mask_leaves_out_rows_and_changes_no_score(
    rows: list[list[str]], query: list[str], data: st.DataObject
) -> None:
    chosen = st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))
    alive, mask = np.array(data.draw(chosen)), np.array(data.draw(chosen))
    mask &= alive
    indexes = [sparse.build([" ".join(row) for row in rows])]
    (every,) = sparse.bm25(indexes, [alive], query)
    (masked,) = sparse.bm25(indexes, [alive], query, [mask])
    np.testing.assert_array_equal(masked[mask], every[mask])
    assert mask.all() or not masked[~mask].any()


@given(ROWS)
def test_an_index_survives_being_written_and_read(rows: list[list[str]]) -> None:
    built = sparse.build([" ".join(row) for row in rows])
    read = sparse.from_bytes(built.to_bytes())
    every = [np.ones(len(rows), dtype=bool)]
    for term in "abcde":
        np.testing.assert_array_equal(sparse.bm25([built], every, [term])[0], sparse.bm25([read], every, [term])[0])


def test_a_rare_term_weighs_more_than_a_common_one() -> None:
    index = sparse.build(["common rare", "common", "common", "common"])
    rarity = sparse.rarity([index], [np.ones(4, dtype=bool)], ["common", "rare", "absent"])
    assert rarity["absent"] > rarity["rare"] > rarity["common"]
