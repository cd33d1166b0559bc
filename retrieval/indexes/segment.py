"""A segment: the indexes over the same chunks, immutable. A snapshot is a few of them side by side."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.indexes import dense, fields, late_interaction, sparse, tree
from retrieval.indexes.dense import DenseIndex
from retrieval.indexes.fields import FIELDS
from retrieval.indexes.late_interaction import LateInteractionIndex
from retrieval.indexes.sparse import SparseIndex
from retrieval.indexes.tree import TreeIndex
from retrieval.store.chunks import IndexRows, heading_path


@dataclass(frozen=True, slots=True)
class Segment:
    """Row i is the chunk `chunk_keys[i]`; vector j of the dense index represents the chunk in row `vector_rows[j]`.

    Both ascend.
    """

    chunk_keys: NDArray[np.int64]  # [chunks]
    revision_keys: NDArray[np.int64]  # [chunks]
    vector_rows: NDArray[np.int64]  # [vectors]
    vector_kinds: NDArray[np.uint8]  # [vectors], positions in KINDS
    dense: DenseIndex
    sparse: SparseIndex
    fields: Mapping[str, SparseIndex]  # by name of a field
    tree: TreeIndex
    late_interaction: LateInteractionIndex

    def to_files(self) -> dict[str, bytes]:
        """The files that hold the segment, by name."""
        rows = io.BytesIO()
        np.savez(
            rows,
            chunk_keys=self.chunk_keys,
            revision_keys=self.revision_keys,
            vector_rows=self.vector_rows,
            vector_kinds=self.vector_kinds,
        )
        return {
            "rows.npz": rows.getvalue(),
            "dense.faiss": self.dense.to_bytes(),
            "dense.json": json.dumps(self.dense.choice).encode(),
            "sparse.npz": self.sparse.to_bytes(),
            **{_file_of(field): index.to_bytes() for field, index in self.fields.items()},
            "tree.npz": self.tree.to_bytes(),
            "late_interaction.npz": self.late_interaction.to_bytes(),
        }


def from_rows(rows: IndexRows, *, lasting: bool = False) -> Segment:
    """Indexes the chunks; a lasting segment may take minutes to choose an index that searches fast."""
    return Segment(
        rows.chunk_keys,
        rows.revision_keys,
        rows.vector_rows,
        rows.vector_kinds,
        (dense.build_by_size if lasting else dense.build)(rows.vectors),
        sparse.build(rows.terms, _heading_lengths(rows.headings)),
        fields.build(rows),
        tree.build(rows.tree, rows.chunk_keys),
        late_interaction.build(rows.tokens, rows.chunk_keys),
    )


def _file_of(field: str) -> str:
    return f"sparse-{field}.npz"


def _heading_lengths(paths: Sequence[tuple[str, ...]]) -> list[int]:
    """Terms of each heading path; chunks of a section share theirs."""
    known = {path: len(terms(heading_path(path))) for path in set(paths)}
    return [known[path] for path in paths]


def from_files(files: Mapping[str, bytes]) -> Segment:
    """The segment that `to_files` wrote; the bytes must have been verified."""
    with np.load(io.BytesIO(files["rows.npz"]), allow_pickle=False) as rows:
        return Segment(
            rows["chunk_keys"],
            rows["revision_keys"],
            rows["vector_rows"],
            rows["vector_kinds"],
            dense.from_bytes(files["dense.faiss"], files["dense.json"]),
            sparse.from_bytes(files["sparse.npz"]),
            {field: sparse.from_bytes(files[_file_of(field)]) for field in FIELDS},
            tree.from_bytes(files["tree.npz"]),
            late_interaction.from_bytes(files["late_interaction.npz"]),
        )
