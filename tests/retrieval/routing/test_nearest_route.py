"""Routes learnt from examples: the nearest one, or none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.routing.nearest_route import NONE, RouteModel, held_out_scores, learn
from tests.fakes import HashEmbedder

EXAMPLES = {
    "leave": [f"how many days of leave and holiday {word}" for word in ("alpha", "beta", "gamma", "delta", "eta")],
    "repair": [f"the machine is broken and needs repair {word}" for word in ("kilo", "lima", "mike", "nancy", "oscar")],
    "money": [f"which invoice and payment is open {word}" for word in ("papa", "quebec", "romeo", "sierra", "tango")],
}


def vectors(texts: list[str]) -> NDArray[np.float32]:
    return np.stack([HashEmbedder().embed_query(text) for text in texts])


def model() -> RouteModel:
    texts = [text for found in EXAMPLES.values() for text in found]
    labels = [name for name, found in EXAMPLES.items() for _ in found]
    return learn(vectors(texts), labels, list(EXAMPLES))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("how many days of leave and holiday omega", "leave"),
        ("the machine is broken and needs repair yankee", "repair"),
        ("which invoice and payment is open whiskey", "money"),
        ("violets grow quietly beside northern harbours", NONE),
    ],
)
def test_a_question_falls_to_the_route_it_is_like_or_to_none(question: str, name: str) -> None:
    found = model().nearest(vectors([question])[0])
    assert found.name == name
    assert set(found.scores) == set(EXAMPLES)
    assert (found.score >= found.threshold) == (name != NONE)


def test_learning_is_repeatable() -> None:
    first, second = model(), model()
    assert np.array_equal(first.directions, second.directions)
    assert first.threshold == second.threshold


def test_examples_that_the_others_do_not_explain_lower_their_own_score_when_held_out() -> None:
    texts = [*EXAMPLES["leave"][:4], "a zebra crosses seven rivers", *EXAMPLES["repair"]]
    places = np.array([0] * 5 + [1] * 5)
    scores = held_out_scores(vectors(texts), places, 2)
    assert scores[4, 0] < min(scores[:4, 0])


def test_routes_whose_examples_cannot_be_told_apart_by_each_other_take_nothing_for_sure() -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    found = learn(vectors(words), ["a"] * 5 + ["b"] * 5, ["a", "b"])
    assert found.nearest(vectors(["entirely different words"])[0]).name in {"a", "b", NONE}
