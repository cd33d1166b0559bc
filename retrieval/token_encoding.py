"""Token vectors for late interaction: what makes them, and in which code they are kept and compared.

Either the embedding model, whose own token vectors all point nearly one way, or a ColBERT model, whose do not
(`retrieval/colbert.py`).
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.token_codec import TokenCodec
from retrieval.types import Embedder

# Their mean is the way in which a model's token vectors point; what they say does not matter, and must never change.
_ORDINARY = (
    "The committee meets on the first Monday of each month and publishes its minutes within two weeks.",
    "Water boils at 100 degrees at sea level; in the mountains it takes less heat, and the tea is weaker.",
    "She moved from Lisbon to Vienna in 1987, where she taught mathematics and later directed the school.",
    "What is the difference between a lease and a licence, and who has to give notice?",
    "def area(width, height): return width * height  # in square metres",
    "会议每月第一个星期一举行，记录在两周内公布。",
    "这种植物原产于南方，春天开花，果实可以食用。",
)


class TokenEncoder(Protocol):
    """Makes the token vectors of queries and passages, unit length; those of two model ids are never compared."""

    model_id: str
    codec: TokenCodec

    def query_tokens(self, query: str) -> NDArray[np.float32]: ...

    def passage_tokens(self, passages: Sequence[str]) -> Sequence[NDArray[np.float32]]: ...


class EmbedderTokens:
    """The token vectors of an embedding model."""

    def __init__(self, embedder: Embedder) -> None:
        self.model_id = embedder.model_id
        self._embedder = embedder
        tokens = np.concatenate(list(embedder.token_vectors(_ORDINARY, "passage")))
        self.codec = TokenCodec(tokens.shape[1], tokens.mean(axis=0))

    def query_tokens(self, query: str) -> NDArray[np.float32]:
        """Vectors [tokens, dimension]."""
        return self._embedder.token_vectors([query], "query")[0]

    def passage_tokens(self, passages: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        """Vectors [tokens, dimension] of each passage; texts beyond the model's length are cut at its end."""
        return self._embedder.token_vectors(passages, "passage")
