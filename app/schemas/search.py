"""What goes over HTTP about searches."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.fields import (
    CollectionName,
    ConstructFilter,
    Identifier,
    LateInteraction,
    MaxMilliseconds,
    MaxModelCalls,
    Metadata,
    QueryText,
    Representations,
    Rerank,
    Route,
    Strict,
    Translation,
    TreeSearchOption,
)
from retrieval.types import DEFAULT_CANDIDATES, DEFAULT_LLM_CALLS
from retrieval.what_if import MAX_CANDIDATES, MAX_HITS


class SearchOptions(Strict):
    """Switches of the search pipeline."""

    representations: Representations | None = None
    tree_search: TreeSearchOption = "collapsed"
    rerank: Rerank = True
    construct_filter: ConstructFilter = False
    translation: Translation = []
    max_ms: MaxMilliseconds = None
    max_llm_calls: MaxModelCalls = DEFAULT_LLM_CALLS
    route: Route = "auto"
    late_interaction: LateInteraction = False
    cross_encoder: Annotated[
        int,
        Field(ge=0, le=MAX_HITS, description="How many of the first candidates a cross-encoder reads."),
    ] = 0
    k: Annotated[int, Field(ge=1, le=MAX_HITS, description="How many hits.")] | None = None
    candidates: Annotated[
        int, Field(ge=1, le=MAX_CANDIDATES, description="How many chunks of each list enter fusion; more take longer.")
    ] = DEFAULT_CANDIDATES


class SearchQuery(Strict):
    """A search."""

    query: QueryText
    collection: CollectionName = "default"
    k: Annotated[int, Field(ge=1, le=MAX_HITS)] = 10
    filter: Metadata | None = None
    options: SearchOptions = SearchOptions()


class WhyQuery(SearchQuery):
    """A search, and the document or the chunk that somebody expected among its hits."""

    document: Annotated[Identifier | None, Field(description="A document's id; else a chunk is named.")] = None
    chunk: Annotated[Identifier | None, Field(description="A chunk's id; else a document is named.")] = None


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
    statement: Annotated[
        str | None,
        Field(
            description="The statement that gave this passage, which is then no chunk: its text is made of rows, and"
            " `start` to `end` is the row or the table."
        ),
    ] = None


class TraceDetails(BaseModel):
    """One entry a stage, in order, with what it did and cost."""

    milliseconds: float
    stages: Sequence[dict[str, Any]]


class SearchHits(BaseModel):
    """What a search found, best first."""

    request_id: str
    hits: Sequence[SearchHit]
    trace: TraceDetails


class StageDetails(BaseModel):
    """What became of the chunk at one stage; ranks count from 1, also beyond what the stage passed on."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    kept: Annotated[bool, Field(description="Whether this stage passed the chunk on.")]
    detail: str
    rank: int | None
    score: float | None
    depth: Annotated[int | None, Field(description="How many the stage passed on.")]
    last_score: Annotated[float | None, Field(description="The score of the last that it passed on.")]


class FeatureDetails(BaseModel):
    """A ranking feature of the chunk beside the last hit's, and what each added to the score."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    value: float
    contribution: float
    last_value: float
    last_contribution: float


class ChangeDetails(BaseModel):
    """The same search with one thing changed: it was run, and this is the rank that came of it."""

    model_config = ConfigDict(from_attributes=True)

    request: dict[str, Any]
    rank: int
    is_hit: bool
    sentence: str


class WhyDetails(BaseModel):
    """Where a chunk fell out of a search, and what would make it a hit."""

    document_id: str
    chunk_id: Annotated[str | None, Field(description="Of a document the chunk that came farthest.")]
    fell_out: Annotated[
        Literal["document", "filter", "recall", "fusion", "cut"] | None, Field(description="Null: it is a hit.")
    ]
    rank: Annotated[int | None, Field(description="In the final order, also beyond the hits.")]
    sentences: Sequence[str]
    stages: Sequence[StageDetails]
    features: Annotated[
        Sequence[FeatureDetails], Field(description="What put it farthest below the last hit comes first.")
    ]
    last_hit: SearchHit | None
    changes: Sequence[ChangeDetails]
    trace: TraceDetails
