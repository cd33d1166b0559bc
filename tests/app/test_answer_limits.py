import math
from typing import Any

import pytest

from app.answer_limits import quote_from
from app.settings import Settings


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 0.0),  # of what the small generator writes little is true
        ({"generator_model": "another-model"}, math.inf),  # somebody has named it
        ({"generator_backend": "llama_cpp"}, math.inf),
        ({"adapters": {"answer": "answers"}}, math.inf),
        ({"quote_from": 0.5}, 0.5),
        ({"quote_from": 0.5, "generator_model": "another-model"}, 0.5),
    ],
)
def test_quotes_take_the_place_of_the_generator_that_comes_along_and_of_no_other(
    changed: dict[str, Any], expected: float
) -> None:
    assert quote_from(Settings().model_copy(update=changed)) == expected
