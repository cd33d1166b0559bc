"""Keys and values of what a decoder has read: a buffer a sequence, and a store of prompts whose beginnings return."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# Attention over numbers of positions that are no multiple of 16 rounds a row differently in company of others.
_PADDING = 32


def padded(positions: int) -> int:
    """The number of positions that attention looks at where so many are filled; the rest are masked."""
    return -(-positions // _PADDING) * _PADDING


class KeyValues:
    """What attention needs of a sequence: `keys` and `values` [layers, heads, capacity, dimension], `length` filled.

    They are as the model with the adapter of that name reads the sequence.
    """

    def __init__(
        self, shape: tuple[int, int, int], capacity: int, dtype: torch.dtype, adapter: str | None = None
    ) -> None:
        self.adapter = adapter
        layers, heads, dimension = shape
        # Zeros, since attention also touches positions after the filled part, with weight 0.
        self.keys = torch.zeros(layers, heads, padded(capacity), dimension, dtype=dtype)
        self.values = torch.zeros_like(self.keys)
        self.length = 0

    @property
    def capacity(self) -> int:
        """Positions that there is room for."""
        return self.keys.shape[2]

    @property
    def size(self) -> int:
        """Bytes held."""
        return 2 * self.keys.nbytes

    def append(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Writes [heads, rows, dimension] after the filled part.

        `length` does not move, since every layer writes the same positions; `advance` moves it.
        """
        end = self.length + keys.shape[1]
        self.keys[layer, :, self.length : end] = keys
        self.values[layer, :, self.length : end] = values

    def advance(self, rows: int) -> None:
        """Counts the rows that all layers have written; a negative number takes the last ones back."""
        self.length += rows

    def copy_prefix(self, other: "KeyValues", length: int) -> None:
        """Becomes the first `length` positions of the other."""
        self.keys[:, :, :length] = other.keys[:, :, :length]
        self.values[:, :, :length] = other.values[:, :, :length]
        self.length = length


@dataclass(frozen=True, slots=True)
class StoredPrefix:
    """A prompt that was read, in pieces that end at `cuts`."""

    tokens: Sequence[int]
    cuts: Sequence[int]
    cache: KeyValues


class PrefixStore:
    """The prompts read last, within a number of bytes, so that what begins the same need not be read again.

    Reuse ends at a cut that both prompts share with all cuts before it. Rounding depends on how a prompt is cut, so
    the keys and values are then, bit by bit, those that reading again would give: reuse never changes an answer.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._stored: list[StoredPrefix] = []  # least recently used first
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(prefix.cache.size for prefix in self._stored)

    def longest(
        self, tokens: Sequence[int], cuts: Sequence[int], adapter: str | None = None
    ) -> tuple[StoredPrefix | None, int]:
        """The stored prompt that shares most with this one, and how many of its tokens can be reused (maybe 0).

        At least one token is left to read, since the logits after it are wanted.
        """
        best, most = None, 0
        with self._lock:
            for prefix in self._stored:
                shared = min(_shared_cut(prefix, tokens, cuts, adapter), cuts[-2] if len(cuts) > 1 else 0)
                if shared > most:
                    best, most = prefix, shared
            if best is not None:
                self._stored.remove(best)
                self._stored.append(best)
        return best, most

    def keep(self, prefix: StoredPrefix) -> None:
        """Stores the prompt in place of those that it makes redundant, and drops the least recently used beyond."""
        if prefix.cache.size > self._capacity:
            return
        with self._lock:
            self._stored = [
                other
                for other in self._stored
                if _shared_cut(other, prefix.tokens, prefix.cuts, prefix.cache.adapter)
                < (other.cuts[-1] if other.cuts else 0)
            ]
            self._stored.append(prefix)
            while self.size > self._capacity:
                self._stored.pop(0)


def _shared_cut(prefix: StoredPrefix, tokens: Sequence[int], cuts: Sequence[int], adapter: str | None) -> int:
    """The last of the cuts that both have in common, with the same tokens before it, read by the same adapter."""
    shared = 0
    if prefix.cache.adapter != adapter:
        return 0
    for cut, other in zip(prefix.cuts, cuts, strict=False):
        if cut != other or prefix.tokens[shared:cut] != tokens[shared:cut]:
            break
        shared = cut
    return shared
