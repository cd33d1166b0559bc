"""What chunkers take and give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.parsing.types import ParsedDocument

CountTokens = Callable[[Sequence[str]], Sequence[int]]


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """Where a chunk lies in the text, and under which headings, outermost first."""

    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    # Stretches that are embedded in place of the whole, each with a vector of its own; offsets like `start`.
    embedded: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Embedder:
    """What a chunker may ask of the embedder."""

    count_tokens: CountTokens
    embed: Callable[[Sequence[str]], NDArray[np.float32]]  # unit vectors [texts, dimension]


# (document, embedder, longest chunk in tokens) -> chunks in order
Chunker = Callable[[ParsedDocument, Embedder, int], list[ChunkSpan]]
