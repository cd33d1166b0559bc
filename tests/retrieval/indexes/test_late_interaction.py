"""MaxSim over coded tokens."""

import numpy as np

from retrieval.indexes import late_interaction
from retrieval.store.token_vectors import TokenRows
from retrieval.token_codec import TokenCodec

CODEC = TokenCodec(32)


def unit(count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, 32))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def index_of(tokens: dict[int, np.ndarray], chunk_keys: list[int]) -> late_interaction.LateInteractionIndex:
    codes = [CODEC.encode(vectors) if len(vectors) else np.zeros((0, 0), np.uint8) for vectors in tokens.values()]
    counts = [len(vectors) for vectors in tokens.values()]
    rows = TokenRows("model@1", list(tokens), counts, [item.tobytes() for item in codes])
    return late_interaction.build(rows, np.array(chunk_keys, dtype=np.int64))


def test_scores_are_the_mean_of_the_best_matches_and_rows_without_tokens_have_none() -> None:
    tokens = {3: unit(5, 1), 7: unit(0, 2), 9: unit(40, 3), 12: unit(1, 4)}
    index = index_of(tokens, [3, 5, 7, 9, 12])
    query = unit(6, 9)
    found = index.scores(CODEC, CODEC.probe(query), np.array([4, 0, 1, 3, 2]))
    exact = [(tokens[key] @ query.T).max(axis=0).mean() for key in (12, 3, 9)]
    np.testing.assert_allclose(found[[0, 1, 3]], exact, atol=0.06)
    assert np.isnan(found[[2, 4]]).all()


def test_a_collection_without_any_has_an_empty_index() -> None:
    index = late_interaction.build(TokenRows(), np.array([1, 2], dtype=np.int64))
    assert index.model_id == ""
    assert np.isnan(index.scores(CODEC, CODEC.probe(unit(2, 0)), np.array([0, 1]))).all()
    again = late_interaction.from_bytes(index.to_bytes())
    assert again.starts.tolist() == [0, 0, 0]


def test_the_file_holds_all_of_it() -> None:
    index = index_of({1: unit(4, 1), 2: unit(3, 2)}, [1, 2])
    again = late_interaction.from_bytes(index.to_bytes())
    probe, rows = CODEC.probe(unit(3, 5)), np.array([1, 0])
    assert again.model_id == "model@1"
    np.testing.assert_array_equal(again.scores(CODEC, probe, rows), index.scores(CODEC, probe, rows))
