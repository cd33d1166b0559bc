"""Summaries made of the text's own sentences: central ones that do not repeat each other (MMR, Carbonell 1998).

A model of 135M parameters takes seconds a summary and invents; sentences of the document cost nothing
but their vectors and are true to it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# How much being central weighs against being unlike what was chosen already.
WEIGHT_CENTRAL = 0.7


def central_sentences(vectors: NDArray[np.float32], tokens: Sequence[int], budget: int) -> list[int]:
    """Rows of the sentences that stand for all of them, in their order, of at most `budget` tokens together.

    `vectors` [sentences, dimension] are unit vectors. At least one row is given, even one that is over the budget.
    """
    if not len(vectors):
        return []
    centre = vectors.mean(axis=0)
    central = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    nearest = np.zeros(len(vectors), dtype=np.float32)  # cosine to the most similar sentence chosen so far
    open_rows = np.ones(len(vectors), dtype=np.bool_)
    chosen: list[int] = []
    left = budget
    while open_rows.any():
        value = np.where(open_rows, WEIGHT_CENTRAL * central - (1 - WEIGHT_CENTRAL) * nearest, -np.inf)
        best = int(value.argmax())
        open_rows[best] = False
        if tokens[best] <= left or not chosen:
            chosen.append(best)
            left -= tokens[best]
            nearest = np.maximum(nearest, vectors @ vectors[best])
        open_rows &= np.array(tokens) <= left
    return sorted(chosen)
