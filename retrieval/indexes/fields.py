"""BM25 by field: the words of headings, of the document's name and of keywords, each counted apart from the text's.

A field is an index of its own over the same rows, so it has statistics of its own: a word that is rare in texts may
stand in every title. The text with its headings stays in one index (`Segment.sparse`), which finds candidates.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.indexes import sparse
from retrieval.indexes.sparse import SparseIndex
from retrieval.store.chunks import IndexRows, heading_path

# What the rows say in a field; a row that says nothing there has no terms.
FIELDS: Mapping[str, Callable[[IndexRows], Sequence[str]]] = {
    "headings": lambda rows: [heading_path(path) for path in rows.headings],
    "title": lambda rows: [PurePath(name).stem for name in rows.names],
    "keywords": lambda rows: rows.keywords,
}
# What a field adds to the score of sparse recall, for each point of BM25 in it. 0.4 for headings raises BM25 alone on
# five sets of six, but nothing that a ranker orders which was trained without it (docs/decisions.md): the next
# training decides, and until then fields are there to be looked at by rankers.
WEIGHTS: Mapping[str, float] = {}


def build(rows: IndexRows) -> Mapping[str, SparseIndex]:
    """An index of every field, by its name."""
    return {field: sparse.build(_analysed(texts(rows), len(rows.chunk_keys))) for field, texts in FIELDS.items()}


def scores(
    indexes: Sequence[SparseIndex],
    alive: Sequence[NDArray[np.bool_]],
    query: Sequence[str],
    rows: Sequence[NDArray[np.int64]],
) -> list[NDArray[np.float32]]:
    """BM25 in one field of some rows of each segment, in their order; statistics are those of all living rows."""
    masks = [np.zeros(len(mask), dtype=np.bool_) for mask in alive]
    for mask, wanted in zip(masks, rows, strict=True):
        mask[wanted] = True
    found = sparse.bm25(indexes, alive, query, masks)
    return [part[wanted] for part, wanted in zip(found, rows, strict=True)]


def _analysed(texts: Sequence[str], count: int) -> Sequence[str]:
    """The terms of each row; the chunks of a document share most of their texts."""
    analyse = lru_cache(maxsize=1024)(lambda text: " ".join(terms(text)))
    return [analyse(text) for text in texts] or [""] * count
