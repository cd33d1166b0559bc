"""Vectors that lie as those of texts do, as many as are wanted, made from a few real ones; for benchmarks of scale.

The noise has the spectrum of the real ones: like texts, it differs much in some directions and hardly in most.
"""

import numpy as np
from numpy.typing import NDArray

# Of a vector's length: the distance of neighbours among passages.
_NOISE = 0.4
_AT_ONCE = 50_000  # so that the noise never takes as much memory again


def around(
    centres: NDArray[np.float32], of: NDArray[np.int64], real: NDArray[np.float32], generator: np.random.Generator
) -> NDArray[np.float32]:
    """Unit vectors [len(of), dimension], each near the centre that `of` names, with noise like that of `real`."""
    directions = real - real.mean(axis=0)
    directions /= np.linalg.norm(directions)  # noise of length 1 on average
    vectors = np.empty((len(of), real.shape[1]), dtype=np.float32)
    for start in range(0, len(of), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        noise = generator.standard_normal((len(of[block]), len(real)), dtype=np.float32) @ directions
        vectors[block] = centres[of[block]] + _NOISE * noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
