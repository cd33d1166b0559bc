"""Summaries of a text's own sentences."""

import numpy as np

from ingest.extractive_summary import central_sentences

EAST, NORTH, UP = np.eye(3, dtype=np.float32)


def test_what_most_sentences_say_comes_before_what_one_says() -> None:
    vectors = np.stack([UP, EAST, EAST, EAST])
    assert central_sentences(vectors, [10, 10, 10, 10], budget=10) == [1]


def test_a_second_sentence_that_repeats_the_first_gives_way_to_another_subject() -> None:
    vectors = np.stack([EAST, EAST, (EAST + NORTH) / np.sqrt(2, dtype=np.float32)])
    assert central_sentences(vectors, [10, 10, 10], budget=20) in ([0, 2], [1, 2])


def test_the_budget_holds_unless_one_sentence_alone_is_over_it() -> None:
    vectors = np.stack([EAST, EAST, EAST])
    assert len(central_sentences(vectors, [10, 10, 10], budget=25)) == 2
    assert len(central_sentences(vectors, [90, 90, 90], budget=25)) == 1
    assert central_sentences(np.zeros((0, 3), dtype=np.float32), [], budget=25) == []
