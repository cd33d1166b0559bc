"""What goes over HTTP about collections: settings, counts, metadata fields."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.schemas.fields import Strict
from ingest.chunking.strategies import DEFAULT_CHUNK_TOKENS, DEFAULT_CHUNKING, ChunkingName
from retrieval.representations import DEFAULT_WRITER, MADE_BY_DEFAULT, RepresentationName, WriterName


class CollectionSettings(Strict):
    """Settings of a collection. Changing how chunks are made makes them anew, in the background."""

    chunking: Annotated[ChunkingName, Field(description="How texts are cut into chunks.")] = DEFAULT_CHUNKING
    chunk_tokens: Annotated[int, Field(ge=32, le=480, description="Longest chunk, in tokens of the embedder.")] = (
        DEFAULT_CHUNK_TOKENS
    )
    representations: Annotated[
        list[RepresentationName],
        Field(description="What is made for every document after it is ready; `text` is always there."),
    ] = sorted(MADE_BY_DEFAULT)
    representation_writer: Annotated[
        WriterName,
        Field(
            description="Who writes summaries: the document's own sentences, or the model. Questions need the model."
        ),
    ] = DEFAULT_WRITER
    late_interaction: Annotated[
        bool, Field(description="Whether vectors of every token are kept, for searches that ask to compare them.")
    ] = False
    graph: Annotated[
        bool,
        Field(description="Whether names, relations and values are read from documents, for questions to the graph."),
    ] = True
    semantic_routing: Annotated[
        bool, Field(description="Whether answers look at what kind of question is asked, and follow that route.")
    ] = False
    enrichment: Annotated[
        Literal["on", "paused", "off"],
        Field(description="Paused: it stops at the next step. Off: it is not made."),
    ] = "on"


class CollectionChange(Strict):
    """New values for some settings."""

    settings: CollectionSettings


class FieldDetails(BaseModel):
    """A metadata field that documents of the collection carry."""

    name: str
    type: Literal["text", "number"]
    documents: int
    examples: Sequence[str | float]


class CollectionDetails(BaseModel):
    """A collection with counts, settings and its metadata fields."""

    name: str
    documents: int
    chunks: int
    settings: CollectionSettings
    fields: Sequence[FieldDetails]
    created_at: float


class Reindexing(BaseModel):
    """How many documents are made anew."""

    documents: int


class CollectionPage(BaseModel):
    """A page of collections; `next_cursor` is null at the end."""

    collections: Sequence[CollectionDetails]
    next_cursor: str | None


class CollectionNodeDetails(BaseModel):
    """A summary of documents, and what it summarises: other nodes, or documents, by id."""

    id: str
    level: int
    text: str
    nodes: Sequence[str]
    documents: Sequence[str]


class CollectionTreePage(BaseModel):
    """A page of the tree over the collection's documents; `next_cursor` is null at the end."""

    nodes: Sequence[CollectionNodeDetails]
    next_cursor: str | None
