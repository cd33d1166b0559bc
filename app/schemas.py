"""What goes over HTTP: requests checked on the way in, responses described for OpenAPI."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ingest.chunking.strategies import DEFAULT_CHUNK_TOKENS, DEFAULT_CHUNKING, ChunkingName
from retrieval.representations import MADE_BY_DEFAULT, RepresentationName, TreeSearch

MAX_QUERY_CHARACTERS = 10_000
MAX_TEXT_CHARACTERS = 20_000_000
Metadata = dict[str, Any]


def _clean(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be valid Unicode (it contains half of a surrogate pair)")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return _clean(text)


# The bounds stand before the checks, so that a text that is too long is told so in characters.
CollectionName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\w[\w.\-]*$"), AfterValidator(_clean)]
DocumentName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_not_blank)]
DocumentBody = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS), AfterValidator(_not_blank)]
QueryText = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARACTERS), AfterValidator(_not_blank)]


class Strict(BaseModel):
    """A request that refuses names it does not know, so that a typing error never silently means the default."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _name_the_known(cls, given: Any) -> Any:
        unknown = sorted(set(given) - set(cls.model_fields)) if isinstance(given, dict) else []
        if unknown:
            raise ValueError(f"unknown name {', '.join(map(repr, unknown[:5]))}; known: {', '.join(cls.model_fields)}")
        return given


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
    """The same with what it takes a moment to count: vectors that stand for its chunks, and nodes of its tree."""

    representations: int
    tree_nodes: int


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
    enrichment: Annotated[
        Literal["on", "paused", "off"], Field(description="Paused: what waits stays waiting. Off: it is not made.")
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


Representations = Annotated[
    list[RepresentationName],
    Field(
        min_length=1,
        description="Which representations of the chunks may find them; default: all that the collection has.",
    ),
]


class SearchOptions(Strict):
    """Switches of the search pipeline."""

    representations: Representations | None = None
    tree_search: Annotated[
        TreeSearch, Field(description="The best summaries of all levels alike, or level by level from the root.")
    ] = "collapsed"
    k: Annotated[int, Field(ge=1, le=100, description="How many hits.")] | None = None


class SearchQuery(Strict):
    """A search."""

    query: QueryText
    collection: CollectionName = "default"
    k: Annotated[int, Field(ge=1, le=100)] = 10
    filter: Metadata | None = None
    options: SearchOptions = SearchOptions()


class SearchHit(BaseModel):
    """A chunk that was found, and why it has its rank."""

    chunk_id: str
    document_id: str
    document: str
    text: str
    page: int | None
    start: int
    end: int
    headings: Sequence[str]
    score: float
    why: dict[str, float]


class TraceDetails(BaseModel):
    """One entry a stage, in order, with what it did and cost."""

    milliseconds: float
    stages: Sequence[dict[str, Any]]


class SearchHits(BaseModel):
    """What a search found, best first."""

    request_id: str
    hits: Sequence[SearchHit]
    trace: TraceDetails


class Turn(Strict):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS), AfterValidator(_clean)]


class AskOptions(Strict):
    """Switches of answering."""

    representations: Representations | None = None
    tree_search: Annotated[
        TreeSearch, Field(description="The best summaries of all levels alike, or level by level from the root.")
    ] = "collapsed"

    k: Annotated[int, Field(ge=1, le=20, description="Passages that the answer may use.")] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, description="0 is greedy and repeatable.")] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1, description="Sample from the likeliest tokens of this mass.")] = 1.0
    top_k: Annotated[int, Field(ge=0, le=1000, description="Sample from so many tokens; 0: all.")] = 0
    max_tokens: Annotated[int, Field(ge=1, le=1024, description="Longest answer, in tokens.")] = 64
    seed: Annotated[int, Field(ge=0, le=2**63 - 1, description="Makes sampling repeatable.")] | None = None


class Question(Strict):
    """A question to the documents of a collection."""

    question: QueryText
    collection: CollectionName = "default"
    history: Annotated[list[Turn], Field(max_length=50)] = []
    filter: Metadata | None = None
    options: AskOptions = AskOptions()
    stream: bool = False


class CitationDetails(BaseModel):
    """Where an answer's `[n]` comes from: the document's text from `start` to `end` is `quote`."""

    n: int
    chunk_id: str
    document_id: str
    document: str
    page: int | None
    start: int
    end: int
    quote: str


class UsageDetails(BaseModel):
    """Tokens and times of the generation."""

    prompt_tokens: int
    completion_tokens: int
    first_token_milliseconds: float
    total_milliseconds: float
    finish_reason: str


class AnswerDetails(BaseModel):
    """An answer with everything needed to check it."""

    request_id: str
    answer: str
    citations: Sequence[CitationDetails]
    passages: Sequence[SearchHit]
    abstained: bool
    trace: TraceDetails
    usage: UsageDetails | None


class Readiness(BaseModel):
    """Whether the service can answer, and what is missing."""

    ready: bool
    reasons: Sequence[str]


class Health(BaseModel):
    """The process is up."""

    status: Literal["ok"] = "ok"
