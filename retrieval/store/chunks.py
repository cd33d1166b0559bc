"""Rows of chunks and of the vectors that represent them."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, RowMapping, Select, and_, bindparam, delete, exists, func, insert, select

from retrieval.errors import NotFound
from retrieval.representations import KINDS, RepresentationKind
from retrieval.store import token_vectors, trees
from retrieval.store.schema import chunks, documents, representations, revisions
from retrieval.store.token_vectors import TokenRows
from retrieval.store.trees import TreeRows
from retrieval.types import Chunk, Json

# Made once: composing a statement takes longer than running it, and every search runs it.
_VISIBLE = (
    select(
        chunks.c.key,
        chunks.c.id,
        documents.c.id.label("document_id"),
        documents.c.name.label("document"),
        chunks.c.text,
        chunks.c.start,
        chunks.c.end,
        chunks.c.page,
        chunks.c.headings,
        chunks.c.level,
    )
    .join(revisions, revisions.c.key == chunks.c.revision_key)
    .join(documents, documents.c.active_revision == revisions.c.key)
)
_VISIBLE_BY_KEY = _VISIBLE.where(chunks.c.key.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk about to be stored."""

    text: str
    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    terms: str  # analysed for BM25, separated by spaces
    embedded: Sequence[tuple[int, int]] = ()  # offsets in the document of what is embedded in place of the whole


@dataclass(frozen=True, slots=True)
class RevisionChunks:
    """The chunks that a revision is about to get, or a piece of them."""

    key: int
    id: str
    chunks: Sequence[NewChunk]
    first: int = 0  # the ordinal of the first of them


@dataclass(frozen=True, slots=True)
class PendingVectors:
    """A chunk that still lacks the vectors of its text: one, or one for each part that is embedded in its place."""

    revision_key: int
    chunk_key: int
    represented_by: Sequence[str]


@dataclass(frozen=True, slots=True)
class IndexRows:
    """Everything an index needs to know of some chunks; `vectors[i]` represents the chunk in row `vector_rows[i]`."""

    chunk_keys: NDArray[np.int64]  # [chunks]
    revision_keys: NDArray[np.int64]  # [chunks]
    terms: Sequence[str]  # [chunks]
    headings: Sequence[tuple[str, ...]]  # [chunks]; their terms stand first
    vectors: NDArray[np.float32]  # [vectors, dimension]
    vector_rows: NDArray[np.int64]  # [vectors]
    vector_kinds: NDArray[np.uint8]  # [vectors], positions in KINDS
    tree: TreeRows
    names: Sequence[str] = ()  # [chunks], of the documents; empty where nobody knows them
    keywords: Sequence[str] = ()  # [chunks], those that a collection had written; empty texts where there are none
    tokens: TokenRows = field(default_factory=TokenRows)


def represented_by(headings: Sequence[str], text: str) -> str:
    """The text that is embedded for a chunk: the heading path gives the context that the chunk alone lacks."""
    return "\n".join([heading_path(headings), text]) if headings else text


def heading_path(headings: Sequence[str]) -> str:
    """The headings as one line."""
    return " > ".join(headings)


def replace(connection: Connection, revisions_chunks: Sequence[RevisionChunks]) -> None:
    """Stores the chunks of revisions in place of any they had. The same chunks get the same ids."""
    remove(connection, [revision.key for revision in revisions_chunks])
    add(connection, revisions_chunks)


def remove(connection: Connection, revision_keys: Sequence[int]) -> None:
    """Deletes the chunks of the revisions."""
    connection.execute(delete(chunks).where(chunks.c.revision_key.in_(revision_keys)))


def pieces(revision: RevisionChunks, size: int) -> Sequence[RevisionChunks]:
    """The chunks of the revision in pieces for one transaction each; one piece if there are none."""
    starts = range(0, len(revision.chunks), size) or [0]
    return [
        RevisionChunks(revision.key, revision.id, revision.chunks[start : start + size], revision.first + start)
        for start in starts
    ]


def add(connection: Connection, revisions_chunks: Sequence[RevisionChunks]) -> None:
    """Stores chunks of revisions beside those that they have. The same chunks get the same ids."""
    rows = [
        {
            "id": str(uuid.uuid5(uuid.UUID(revision.id), f"{ordinal}:{_sha256(chunk.text)}")),
            "revision_key": revision.key,
            "ordinal": ordinal,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "headings": list(chunk.headings),
            "text": chunk.text,
            "terms": chunk.terms,
            "embedded": [list(span) for span in chunk.embedded] or None,
        }
        for revision in revisions_chunks
        for ordinal, chunk in enumerate(revision.chunks, start=revision.first)
    ]
    if rows:
        connection.execute(insert(chunks), rows)


def counts(connection: Connection, revision_keys: Sequence[int]) -> Mapping[int, int]:
    """How many chunks each revision has; those that have none are missing."""
    statement = (
        select(chunks.c.revision_key, func.count())
        .where(chunks.c.revision_key.in_(revision_keys))
        .group_by(chunks.c.revision_key)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def without_vector(connection: Connection, revision_keys: Sequence[int], model_id: str) -> Sequence[PendingVectors]:
    """Chunks of the revisions whose text the model has not embedded yet."""
    statement = select_without_vector(model_id).where(chunks.c.revision_key.in_(revision_keys))
    rows = connection.execute(statement.order_by(chunks.c.revision_key, chunks.c.ordinal))
    return [pending(row) for row in rows]


def select_without_vector(model_id: str) -> Select[tuple[Json, ...]]:
    """The rows of chunks whose text the model has not embedded yet; `pending` reads them."""
    has_vector = and_(
        representations.c.chunk_key == chunks.c.key,
        representations.c.kind == "text",
        representations.c.model_id == model_id,
    )
    columns = [chunks.c[name] for name in ("key", "revision_key", "headings", "text", "start", "embedded")]
    return select(*columns).where(~exists().where(has_vector))


def pending(row: Row[Json]) -> PendingVectors:
    """A row of `select_without_vector`, with the texts that are embedded for it."""
    spans = row.embedded or [(row.start, row.start + len(row.text))]
    parts = [row.text[first - row.start : last - row.start] for first, last in spans]
    return PendingVectors(row.revision_key, row.key, [represented_by(row.headings, part) for part in parts])


def known_vectors(connection: Connection, texts: Sequence[str], model_id: str) -> dict[str, NDArray[np.float16]]:
    """Vectors that the model already gave for some of these texts, wherever they occurred."""
    hashes = {_sha256(text): text for text in texts}
    rows = connection.execute(
        select(representations.c.text_sha256, func.min(representations.c.vector))
        .where(representations.c.text_sha256.in_(hashes), representations.c.model_id == model_id)
        .group_by(representations.c.text_sha256)
    )
    return {hashes[text_sha256]: np.frombuffer(vector, dtype=np.float16) for text_sha256, vector in rows}


def add_vectors(
    connection: Connection,
    pending: Sequence[PendingVectors],
    vectors: Mapping[str, NDArray[np.float16]],
    model_id: str,
) -> None:
    """Stores the vectors of the chunks, all of a chunk at once; `vectors` has one for each text that is embedded."""
    rows = [
        {
            "chunk_key": item.chunk_key,
            "kind": "text",
            "model_id": model_id,
            "text_sha256": _sha256(text),
            "vector": vectors[text].tobytes(),
        }
        for item in pending
        for text in dict.fromkeys(item.represented_by)
    ]
    if rows:
        connection.execute(insert(representations), rows)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A chunk as enrichment sees it: what it says, under which headings, and the vector of its text."""

    key: int
    headings: tuple[str, ...]
    text: str
    vector: NDArray[np.float16]  # the mean, where parts are embedded in its place


@dataclass(frozen=True, slots=True)
class NewRepresentation:
    """Another text that stands for a chunk, with its vector."""

    chunk_key: int
    kind: RepresentationKind
    text: str
    vector: NDArray[np.float16]


def leaves(connection: Connection, revision_key: int, model_id: str) -> Sequence[Leaf]:
    """The chunks of a revision in order, with the vectors of their texts."""
    rows = connection.execute(
        select(chunks.c.key, chunks.c.headings, chunks.c.text, representations.c.vector)
        .join(representations, representations.c.chunk_key == chunks.c.key)
        .where(
            chunks.c.revision_key == revision_key,
            representations.c.kind == "text",
            representations.c.model_id == model_id,
        )
        .order_by(chunks.c.ordinal, representations.c.key)
    )
    found = []
    for (key, text), grouped in groupby(rows, key=lambda row: (row.key, row.text)):
        parts = list(grouped)
        mean = np.mean([np.frombuffer(part.vector, np.float16).astype(np.float32) for part in parts], axis=0)
        unit = (mean / np.linalg.norm(mean)).astype(np.float16)
        found.append(Leaf(key, tuple(parts[0].headings), text, unit))
    return found


def replace_representations(
    connection: Connection, revision_key: int, new: Sequence[NewRepresentation], model_id: str
) -> None:
    """Stores what stands for the revision's chunks beside their text, in place of what did before."""
    owned = select(chunks.c.key).where(chunks.c.revision_key == revision_key)
    connection.execute(
        delete(representations).where(representations.c.chunk_key.in_(owned), representations.c.kind != "text")
    )
    add_representations(connection, new, model_id)


def add_representations(connection: Connection, new: Sequence[NewRepresentation], model_id: str) -> None:
    """Stores what stands for chunks beside their text."""
    rows = [
        {
            "chunk_key": item.chunk_key,
            "kind": item.kind,
            "text": item.text,
            "model_id": model_id,
            "text_sha256": _sha256(item.text),
            "vector": item.vector.tobytes(),
        }
        for item in new
    ]
    if rows:
        connection.execute(insert(representations), rows)


def visible(connection: Connection, keys: Sequence[int]) -> Mapping[int, Chunk]:
    """Those of the chunks that belong to a visible revision right now; deleted ones are simply missing."""
    rows = connection.execute(_VISIBLE_BY_KEY, {"keys": list(keys)}).mappings()
    return {row["key"]: _chunk(row) for row in rows}


def by_id(connection: Connection, chunk_id: str) -> Chunk:
    """The visible chunk of this id; raises `NotFound`."""
    row = connection.execute(_VISIBLE.where(chunks.c.id == chunk_id)).mappings().first()
    if row is None:
        raise NotFound("There is no such chunk; its document may have been deleted, or replaced by a new revision.")
    return _chunk(row)


def at(connection: Connection, document_id: str, position: int) -> Chunk | None:
    """The visible chunk of the document's text that holds the position, the shortest of several."""
    covering = (documents.c.id == document_id, chunks.c.level == 0, chunks.c.start <= position, chunks.c.end > position)
    statement = _VISIBLE.where(*covering).order_by(chunks.c.end - chunks.c.start, chunks.c.key).limit(1)
    row = connection.execute(statement).mappings().first()
    return _chunk(row) if row is not None else None


def keys_of_document(connection: Connection, document_id: str) -> Sequence[int]:
    """The keys of the visible chunks of a document, in order."""
    statement = select(chunks.c.key).join(documents, documents.c.active_revision == chunks.c.revision_key)
    return connection.scalars(statement.where(documents.c.id == document_id).order_by(chunks.c.key)).all()


def represented_as(
    connection: Connection, keys: Sequence[int], kind: RepresentationKind
) -> Mapping[int, Sequence[str]]:
    """The texts of one kind that stand for each of the chunks, by chunk key; those that have none are missing."""
    found: dict[int, list[str]] = {}
    statement = select(representations.c.chunk_key, representations.c.text).where(
        representations.c.chunk_key.in_(list(keys)), representations.c.kind == kind, representations.c.text.is_not(None)
    )
    for key, text in connection.execute(statement.order_by(representations.c.key)):
        found.setdefault(key, []).append(text)
    return found


def of_document(connection: Connection, document_id: str, limit: int, after: int) -> Sequence[Chunk]:
    """The visible chunks of a document in order, those whose key is above `after`."""
    statement = _VISIBLE.where(documents.c.id == document_id, chunks.c.key > after).order_by(chunks.c.key).limit(limit)
    return [_chunk(row) for row in connection.execute(statement).mappings()]


def index_rows(
    connection: Connection, collection: str, model_id: str, revision_keys: Sequence[int] | None = None
) -> IndexRows:
    """What an index needs of the collection's visible chunks, or of those that belong to the given revisions."""
    rows: Iterable[Json] = connection.execute(_chunks_with_representations(collection, model_id, revision_keys))
    chunk_keys: list[int] = []
    owners: list[int] = []
    terms: list[str] = []
    paths: list[tuple[str, ...]] = []
    names: list[str] = []
    keywords: list[str] = []
    vectors: list[bytes] = []
    vector_rows: list[int] = []
    kinds: list[int] = []
    for chunk_key, revision_key, chunk_terms, headings, name, vector, kind, text in rows:
        if not chunk_keys or chunk_keys[-1] != chunk_key:
            chunk_keys.append(chunk_key)
            owners.append(revision_key)
            terms.append(chunk_terms)
            paths.append(tuple(headings))
            names.append(name)
            keywords.append("")
        if kind == "keywords":
            keywords[-1] = f"{keywords[-1]} {text}".strip()
        if vector is not None:
            vectors.append(vector)
            vector_rows.append(len(chunk_keys) - 1)
            kinds.append(KINDS.index(kind))
    matrix = np.frombuffer(b"".join(vectors), dtype=np.float16).astype(np.float32)
    return IndexRows(
        np.array(chunk_keys, dtype=np.int64),
        np.array(owners, dtype=np.int64),
        terms,
        paths,
        matrix.reshape(len(vectors), -1) if vectors else np.zeros((0, 0), dtype=np.float32),
        np.array(vector_rows, dtype=np.int64),
        np.array(kinds, dtype=np.uint8),
        trees.index_rows(connection, collection, model_id, revision_keys),
        names,
        keywords,
        token_vectors.index_rows(connection, collection, revision_keys),
    )


def _chunks_with_representations(collection: str, model_id: str, revision_keys: Sequence[int] | None) -> Select[Json]:
    """A row for each representation of each visible chunk, and one for a chunk that has none, in the order of keys."""
    columns = [chunks.c[name] for name in ("key", "revision_key", "terms", "headings")]
    columns += [documents.c.name, *(representations.c[name] for name in ("vector", "kind", "text"))]
    statement: Select[Json] = (
        select(*columns)
        .join(documents, documents.c.active_revision == chunks.c.revision_key)
        .outerjoin(
            representations,
            and_(representations.c.chunk_key == chunks.c.key, representations.c.model_id == model_id),
        )
        .where(documents.c.collection == collection)
        .order_by(chunks.c.key, representations.c.key)
    )
    if revision_keys is not None:
        statement = statement.where(chunks.c.revision_key.in_(list(revision_keys)))
    return statement


def _chunk(row: RowMapping) -> Chunk:
    return Chunk(**{**row, "headings": tuple(row["headings"])})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
