import torch
from hypothesis import given
from hypothesis import strategies as st

from generation.kv_cache import KeyValues, PrefixStore, StoredPrefix

SHAPE = (2, 1, 4)
SMALL = 32 * 2 * 2 * 1 * 4 * 4  # bytes of a short prompt: positions, keys and values, layers, heads, dimension, float32


def read(tokens: list[int], cuts: list[int]) -> StoredPrefix:
    """A prompt whose keys at each position are its token; it takes the room of 32 positions or a multiple."""
    cache = KeyValues(SHAPE, len(tokens), torch.float32)
    rows = torch.tensor(tokens, dtype=torch.float32)[None, :, None].expand(1, -1, 4)
    for layer in range(SHAPE[0]):
        cache.append(layer, rows, rows)
    cache.advance(len(tokens))
    return StoredPrefix(tokens, cuts, cache)


def test_appended_rows_follow_those_before() -> None:
    cache = read([5, 6], [2]).cache
    roomy = KeyValues(SHAPE, 4, torch.float32)
    roomy.copy_prefix(cache, 2)
    roomy.append(1, torch.full((1, 1, 4), 7.0), torch.full((1, 1, 4), 8.0))
    assert roomy.keys[1, 0, :4, 0].tolist() == [5, 6, 7, 0]
    assert roomy.values[1, 0, :4, 0].tolist() == [5, 6, 8, 0]


def test_a_prompt_that_begins_the_same_is_reused_up_to_a_common_cut() -> None:
    store = PrefixStore(10**6)
    stored = read([1, 2, 3, 4, 5, 6, 7, 8], [3, 6, 8])
    store.keep(stored)
    assert store.longest([1, 2, 3, 4, 5, 6, 9], [3, 6, 7]) == (stored, 6)
    assert store.longest([1, 2, 3, 4, 9, 6, 7], [3, 6, 7]) == (stored, 3)
    assert store.longest([9, 2, 3, 4], [3, 4]) == (None, 0)


def test_other_cuts_before_are_no_common_ground() -> None:
    store = PrefixStore(10**6)
    store.keep(read([1, 2, 3, 4, 5, 6], [2, 4, 6]))
    assert store.longest([1, 2, 3, 4, 5, 6, 7], [4, 6, 7])[1] == 0


def test_the_last_piece_is_always_read_again() -> None:
    store = PrefixStore(10**6)
    prefix = read([1, 2, 3, 4], [2, 4])
    store.keep(prefix)
    assert store.longest([1, 2, 3, 4], [2, 4]) == (prefix, 2)


def test_the_least_recently_used_goes_first() -> None:
    store = PrefixStore(2 * SMALL)
    first, second, third = (read([number, 0, 0, 0], [2, 4]) for number in (1, 2, 3))
    store.keep(first)
    store.keep(second)
    store.longest([1, 0, 9], [2, 3])
    store.keep(third)
    assert store.longest([1, 0, 9], [2, 3])[0] is first
    assert store.longest([2, 0, 9], [2, 3])[0] is None
    assert store.longest([3, 0, 9], [2, 3])[0] is third


def test_a_longer_prompt_takes_the_place_of_its_beginning() -> None:
    store = PrefixStore(10**6)
    store.keep(read([1, 2], [2]))
    longer = read([1, 2, 3, 4], [2, 4])
    store.keep(longer)
    assert store.size == longer.cache.size


def test_what_is_larger_than_the_store_is_not_kept() -> None:
    store = PrefixStore(SMALL - 1)
    store.keep(read([1, 2, 3, 4], [2, 4]))
    assert store.size == 0


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=12), st.integers(1, 4))
def test_reuse_is_always_a_true_prefix_and_the_size_is_bounded(prompts: list[list[int]], room: int) -> None:
    store = PrefixStore(room * SMALL)
    for tokens in prompts:
        cuts = [*range(3, len(tokens), 3), len(tokens)]
        found, reused = store.longest(tokens, cuts)
        assert reused < len(tokens)
        if found is not None:
            assert reused in cuts
            assert found.cache.keys[0, 0, :reused, 0].tolist() == tokens[:reused]
        store.keep(read(tokens, cuts))
        assert store.size <= room * SMALL
