from hypothesis import given
from hypothesis import strategies as st

from generation.prompt_lookup import PromptLookup


def test_it_continues_as_the_latest_occurrence_did() -> None:
    lookup = PromptLookup([1, 2, 3, 10, 11, 1, 2, 3, 20, 21, 22, 9])
    for token in (1, 2, 3):
        lookup.add(token)
    assert lookup.guess(2) == [20, 21]
    assert lookup.guess(9) == [20, 21, 22, 9, 1, 2, 3]


def test_tokens_that_never_occurred_give_no_guess() -> None:
    assert PromptLookup([1, 2, 3, 4]).guess(3) == []
    assert PromptLookup([1]).guess(3) == []
    assert PromptLookup([]).guess(3) == []


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 5))
def test_a_guess_is_what_followed_the_same_three_tokens(tokens: list[int], count: int) -> None:
    lookup = PromptLookup(tokens)
    guess = lookup.guess(count)
    ends = [end for end in range(3, len(tokens)) if tokens[end - 3 : end] == tokens[-3:]]
    assert guess == (tokens[ends[-1] : ends[-1] + count] if ends else [])
