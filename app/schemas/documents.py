"""What goes over HTTP about documents: uploads, states, chunks, trees and tables."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.schemas.fields import CollectionName, DocumentBody, DocumentName, Metadata, Strict


class TextDocument(Strict):
    """A document given as text."""

    name: DocumentName
    text: DocumentBody
    metadata: Metadata = {}


class TextUpload(Strict):
    """One text (`name`, `text`) or many (`documents`)."""

    collection: CollectionName = "default"
    name: DocumentName | None = None
    text: DocumentBody | None = None
    metadata: Metadata = {}
    documents: Annotated[list[TextDocument], Field(min_length=1, max_length=1000)] | None = None


class Progress(BaseModel):
    """How far the current stage is."""

    stage: str | None
    done: int
    total: int


class Enrichment(BaseModel):
    """What follows once the document is searchable, and how far it is."""

    status: Literal["waiting", "running", "retrying", "done", "failed", "off"]
    stage: str | None
    done: int
    total: int
    detail: str | None


class GraphState(BaseModel):
    """What the document gave to the graph of its collection."""

    status: Literal["waiting", "running", "retrying", "done", "failed", "off"]
    entities: int
    relations: int
    values: int


class Problem(BaseModel):
    """Why a document failed, and what to do."""

    code: str
    detail: str


class DocumentSummary(BaseModel):
    """A document that was accepted."""

    id: str
    name: str
    status: Literal["queued", "processing", "ready", "failed"]
    collection: str


class DocumentDetails(DocumentSummary):
    """All there is to know of a document without its text."""

    metadata: Metadata
    progress: Progress
    enrichment: Enrichment
    error: Problem | None
    warnings: Sequence[str]
    media_type: str
    size: int
    revision: int
    searchable: bool
    pages: int | None
    quality: Annotated[float | None, Field(description="How well the file could be read, 0 to 1.")]
    chunks: int
    created_at: float


class DocumentState(DocumentDetails):
    """The same with what it takes a moment to count: vectors that stand for its chunks, nodes of its tree, graph."""

    representations: int
    tree_nodes: int
    graph: GraphState


class AcceptedDocuments(BaseModel):
    """Documents that are durable now and will be processed."""

    documents: Sequence[DocumentSummary]


class DocumentPage(BaseModel):
    """A page of documents; `next_cursor` is null at the end."""

    documents: Sequence[DocumentDetails]
    next_cursor: str | None


class DocumentText(BaseModel):
    """The text as extracted; every offset of the API counts characters (code points) of it."""

    text: str


class ChunkDetails(BaseModel):
    """A chunk; `text` is the document's text from `start` to `end`."""

    id: str
    text: str
    start: int
    end: int
    page: int | None
    headings: Sequence[str]
    level: int


class ChunkPage(BaseModel):
    """A page of chunks; `next_cursor` is null at the end."""

    chunks: Sequence[ChunkDetails]
    next_cursor: str | None


class TreeNodeDetails(BaseModel):
    """A summary in the tree, and what it summarises: other nodes as `level:ordinal`, or chunks by id."""

    id: str
    level: int
    text: str
    nodes: Sequence[str]
    chunks: Sequence[str]


class DocumentTree(BaseModel):
    """The RAPTOR tree of a document, its root first; empty while there is none."""

    nodes: Sequence[TreeNodeDetails]


class TableColumn(BaseModel):
    """A column: its name in SQL, its header in the document, and what its cells hold."""

    name: str
    header: str
    type: Literal["integer", "real", "percentage", "quantity", "date", "boolean", "text"]
    unit: str | None
    examples: Sequence[str]


class TableDetails(BaseModel):
    """A table of a document; the first rows are an excerpt."""

    name: str
    title: str
    columns: Sequence[TableColumn]
    row_count: int
    rows: Sequence[Sequence[Any]]


class DocumentTables(BaseModel):
    """The tables of a document, in order."""

    tables: Sequence[TableDetails]
