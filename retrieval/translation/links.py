"""Passages that a text names: by their headings or by the name of their document.

A name counts where all words of a heading stand in a row within what is written like a name. In Chinese, which marks
no names, where all characters and pairs of a heading of two characters or more occur.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.indexes.segment import Segment
from retrieval.indexes.sparse import FIRST_IDEOGRAPH, SparseIndex
from retrieval.ranking import Ranked
from retrieval.recall import Candidates, Masks
from retrieval.snapshot import Snapshot
from retrieval.translation.looking import Link
from retrieval.translation.names import name_spans

# Fields of the index that name what a chunk is about.
_FIELDS = ("headings", "title")
# Longer headings, in terms, are sentences (ten Chinese characters are 19 terms); names that more chunks share name no
# passage ("Notes").
_LONGEST = 19
_SHARED = 100


def named(
    text: str, snapshot: Snapshot, masks: Masks, vector: NDArray[np.float32], other_than: Sequence[str]
) -> list[int]:
    """Chunk keys, in the order in which the text names them; of chunks with one name the nearest to the vector.

    `other_than` are the terms of a name that does not count: the text's own.
    """
    runs = [terms(text[start:end]) for start, end in name_spans(text)]
    everything = terms(text)
    runs += [[term for term in everything if term[0] >= FIRST_IDEOGRAPH]]
    places: dict[tuple[str, ...], int] = {}
    owners: defaultdict[tuple[str, ...], list[tuple[Segment, int]]] = defaultdict(list)
    for segment, mask in zip(snapshot.segments, masks, strict=True):
        for field in _FIELDS:
            for row, name in _candidates(segment.fields[field], {term for run in runs for term in run}, mask):
                place = _place(name, runs) if list(name) != list(other_than) else None
                if place is not None:
                    places[name] = place
                    owners[name].append((segment, row))
    found = [_nearest(owners[name], vector) for name in sorted(places, key=lambda name: (places[name], -len(name)))]
    return list(dict.fromkeys(key for key in found if key is not None))


def _candidates(index: SparseIndex, known: set[str], mask: NDArray[np.bool_]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows whose every term is known, with their terms."""
    counts = np.zeros(len(index.lengths), dtype=np.float32)
    for term in known:
        rows, frequencies = index.postings(term)
        counts[rows] += frequencies
    whole = mask & (counts > 0) & (counts >= index.lengths) & (index.lengths <= _LONGEST)
    for row in np.flatnonzero(whole).tolist():
        sequence = index.sequences[index.starts[row] : index.starts[row + 1]].tolist()
        yield row, tuple(index.words[number] for number in sequence)


def _place(name: Sequence[str], runs: Sequence[Sequence[str]]) -> int | None:
    """The first run that names it; None if none does."""
    length = len(name)
    if all(term[0] >= FIRST_IDEOGRAPH for term in name):
        return len(runs) - 1 if length > 1 and set(name) <= set(runs[-1]) else None
    for place, run in enumerate(runs[:-1]):
        if any(list(run[start : start + length]) == list(name) for start in range(len(run) - length + 1)):
            return place
    return None


def _nearest(owners: Sequence[tuple[Segment, int]], vector: NDArray[np.float32]) -> int | None:
    if len(owners) > _SHARED:
        return None
    cosines = []
    for segment, row in owners:
        place = int(np.searchsorted(segment.vector_rows, row))
        held = place < len(segment.vector_rows) and segment.vector_rows[place] == row
        cosines.append(float(segment.dense.vectors(np.array([place]))[0] @ vector) if held else -1.0)
    segment, row = owners[int(np.argmax(cosines))]
    return int(segment.chunk_keys[row])


def with_linked(ranked: Sequence[Ranked], links: Sequence[Link]) -> Sequence[Ranked]:
    """The order with every linked passage right after the one that names it, unless it stands above already."""
    if not links:
        return ranked
    targets: defaultdict[int, list[int]] = defaultdict(list)
    for link in links:
        targets[link.source].append(link.target)
    own = {item.key: item for item in ranked}
    placed: dict[int, Ranked] = {}
    waiting = list(reversed(ranked))
    while waiting:
        item = waiting.pop()
        if item.key not in placed:
            placed[item.key] = item
            # A passage that no list had gets the score of the one that names it.
            waiting += [own.get(key, Ranked(key, item.score)) for key in reversed(targets[item.key])]
    return list(placed.values())


def list_of(links: Sequence[Link]) -> Mapping[str, Candidates]:
    """The linked passages as a list of their own, which lets each be ranked; all score alike."""
    keys = list(dict.fromkeys(link.target for link in links))
    return {"link": Candidates(keys, [1.0] * len(keys))} if keys else {}
