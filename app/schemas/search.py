"""What goes over HTTP about searches."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.schemas.fields import CollectionName, Metadata, QueryText, Representations, Rerank, Strict, TreeSearchOption


class SearchOptions(Strict):
    """Switches of the search pipeline."""

    representations: Representations | None = None
    tree_search: TreeSearchOption = "collapsed"
    rerank: Rerank = True
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
