"""Matches of query terms in chunks: equal to what the slow, plain way finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.term_matches import NARROW, WIDE, Occurrences, TermMatches, match

TERMS = 4
# Numbers of query terms, -1 for any other word.
CHUNKS = st.lists(st.tuples(st.lists(st.integers(-1, TERMS - 1), max_size=50), st.integers(0, 50)), max_size=6)
QUERY = st.lists(st.integers(0, TERMS - 1), max_size=6)
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0])


def matched(chunks: list[tuple[list[int], int]], query: list[int]) -> TermMatches:
    lengths = [len(codes) for codes, _ in chunks]
    occurrences = Occurrences(
        np.array([code for codes, _ in chunks for code in codes], dtype=np.int64),
        np.repeat(np.arange(len(chunks)), lengths),
        np.array(lengths, dtype=np.int64),
        np.array([min(headings, len(codes)) for codes, headings in chunks], dtype=np.int64),
    )
    return match(np.array(query, dtype=np.int64), WEIGHTS, occurrences)


def slow_window(codes: list[int], size: int) -> float:
    windows = [{*codes[start : start + size]} - {-1} for start in range(len(codes))]
    return max((float(sum(WEIGHTS[code] for code in window)) for window in windows), default=0.0)


def slow_run(codes: list[int], query: list[int]) -> int:
    stretches = [query[start:end] for start in range(len(query)) for end in range(start + 1, len(query) + 1)]
    found = [len(part) for part in stretches for at in range(len(codes)) if codes[at : at + len(part)] == part]
    return max(found, default=0)


@given(CHUNKS, QUERY)
def test_counts_by_field_equal_counting(chunks: list[tuple[list[int], int]], query: list[int]) -> None:
    found = matched(chunks, query)
    for row, (codes, headings) in enumerate(chunks):
        assert found.heading_counts[row].tolist() == [codes[:headings].count(term) for term in range(TERMS)]
        assert found.body_counts[row].tolist() == [codes[headings:].count(term) for term in range(TERMS)]


@given(CHUNKS, QUERY)
def test_windows_runs_and_pairs_equal_the_slow_way(chunks: list[tuple[list[int], int]], query: list[int]) -> None:
    found = matched(chunks, query)
    for row, (codes, _) in enumerate(chunks):
        assert found.narrow[row] == slow_window(codes, NARROW)
        assert found.wide[row] == slow_window(codes, WIDE)
        assert found.longest_runs[row] == slow_run(codes, query)
        neighbours = set(zip(codes, codes[1:], strict=False))
        assert found.pairs[row].tolist() == [pair in neighbours for pair in zip(query, query[1:], strict=False)]


@given(CHUNKS, QUERY)
def test_a_chunk_is_matched_the_same_alone_and_among_others(
    chunks: list[tuple[list[int], int]], query: list[int]
) -> None:
    together = matched(chunks, query)
    for row, chunk in enumerate(chunks):
        alone = matched([chunk], query)
        assert alone.first[0] == together.first[row]
        assert alone.narrow[0] == together.narrow[row]
        assert alone.longest_runs[0] == together.longest_runs[row]


def test_the_first_match_is_told_by_its_place_in_the_body() -> None:
    found = matched([([0, -1, 1, -1], 1), ([0, -1], 1), ([-1, -1], 0)], [0, 1])
    assert found.first.tolist() == [1 / 3, 1.0, 1.0]
