"""The types that all packages speak: what a chunk, a hit and a search are. No behaviour, no storage, no models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.representations import TreeSearch
from retrieval.routing.names import AnyRouteName
from retrieval.trace import Trace

# A decoded JSON value: documents carry arbitrary metadata, so it stays open here and is checked where it is read.
Json = Any

# Candidates of each retriever that enter fusion: deep enough that a chunk ranked low by one can win by the other.
DEFAULT_CANDIDATES = 100
# Calls of the language model while a question is translated: each takes seconds on a processor.
DEFAULT_LLM_CALLS = 2


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a document's extracted text; `text == extracted[start:end]` always holds."""

    key: int  # row number in the database; what the indexes store
    id: str  # uuid5(revision, ordinal, text hash): the same build gives the same id
    document_id: str
    document: str  # the document's display name
    text: str
    start: int
    end: int
    page: int | None  # 1-based; None where the format has no pages
    headings: tuple[str, ...]  # outermost first
    level: int  # 0 for text of the document, above 0 for a tree node


@dataclass(frozen=True, slots=True)
class Computed:
    """What a statement gave, for a passage that is no chunk: its text is made of rows, its place is theirs."""

    statement: str
    is_sure: bool  # whether it answers by itself, before any chunk
    quote: str | None = None  # the row as its document has it; None: no single row says this, it was calculated


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a query, with its score and the reasons for its rank."""

    chunk: Chunk
    score: float
    why: Mapping[str, float]  # e.g. {"dense_rank": 1, "dense_score": 0.83, "sparse_rank": 4, ...}
    features: Mapping[str, float] = field(default_factory=dict, repr=False)  # that the ranker saw; none without it
    computed: Computed | None = None  # None: an index found the chunk, and its text is the document's


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search as the pipeline sees it: already validated, all defaults filled in."""

    query: str
    collection: str
    k: int
    filter: Mapping[str, Json] | None = None
    representations: frozenset[str] | None = None  # of KINDS and TREE; None: whatever the collection has
    tree_search: TreeSearch = "collapsed"
    rerank: bool = True  # False: the order of fusion
    candidates: int = DEFAULT_CANDIDATES  # of each retriever that enter fusion
    construct_filter: bool = False  # True: conditions that the query puts on metadata join the filter
    cross_encoder: int = 0  # how many of the first candidates a cross-encoder reads; 0: none
    late_interaction: bool = False  # whether the query's tokens are compared with those of the candidates
    route: AnyRouteName = "documents"  # which sources are asked; `auto`: those that the query is meant for
    alternatives: Sequence[str] = ()  # other wordings of the query: what they find is fused with what it finds
    translation: Sequence[str] = ()  # strategies that make further queries, or `auto`
    max_ms: float | None = None  # beyond it, stages give way in the order of `retrieval/deadline.py`
    max_llm_calls: int = DEFAULT_LLM_CALLS  # of the language model that writes queries


class Embedder(Protocol):
    """Turns text into unit vectors, one row a text. Those of two model ids must never be compared."""

    @property
    def model_id(self) -> str: ...

    @property
    def max_tokens(self) -> int: ...

    def embed_query(self, query: str) -> NDArray[np.float32]: ...

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]: ...

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]: ...

    def token_vectors(self, texts: Sequence[str], prompt: str) -> Sequence[NDArray[np.float32]]: ...


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, with how far the best of them speaks to the query and the trace of how they came about."""

    hits: Sequence[Hit]
    evidence: float  # 0..1: calibrated chance that the hits are about the question at all
    trace: Trace = field(repr=False)
    embedder: Embedder = field(repr=False)  # made the vectors that were searched; for comparing further texts
    asks_nothing: bool = False  # the question was put to no source: small talk, or of a kind that searches nothing


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked: what its task is, tasks that were done well before, and the task in hand."""

    system: str
    examples: Sequence[tuple[str, str]]  # (asked, answered), in order
    asked: str


class CompletionModel(Protocol):
    """Completes prompts, one at a time, the likeliest text first; whoever takes one knows no model code."""

    @property
    def name(self) -> str: ...

    def fits(self, prompt: Prompt, max_tokens: int) -> bool: ...

    def complete(self, prompt: Prompt, max_tokens: int, cancelled: Callable[[], bool]) -> str: ...
