"""What goes over HTTP about questions and answers."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from app.schemas.fields import (
    DEFAULT_ANSWER_TOKENS,
    MAX_ANSWER_TOKENS,
    MAX_QUERY_CHARACTERS,
    CollectionName,
    ConstructFilter,
    Identifier,
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
    clean,
)
from app.schemas.search import SearchHit, TraceDetails
from retrieval.types import DEFAULT_LLM_CALLS


class Turn(Strict):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS), AfterValidator(clean)]


class AskOptions(Strict):
    """Switches of answering."""

    representations: Representations | None = None
    tree_search: TreeSearchOption = "collapsed"
    rerank: Rerank = True
    construct_filter: ConstructFilter = False
    translation: Translation = []
    max_ms: MaxMilliseconds = None
    max_llm_calls: MaxModelCalls = DEFAULT_LLM_CALLS
    route: Route = "auto"

    k: Annotated[int, Field(ge=1, le=20, description="Passages that the answer may use.")] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, description="0 is greedy and repeatable.")] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1, description="Sample from the likeliest tokens of this mass.")] = 1.0
    top_k: Annotated[int, Field(ge=0, le=1000, description="Sample from so many tokens; 0: all.")] = 0
    min_p: Annotated[
        float, Field(ge=0, le=1, description="Sample from tokens at least so many times as likely as the likeliest.")
    ] = 0.0
    repetition_penalty: Annotated[
        float, Field(ge=0.5, le=2, description="Above 1: tokens of prompt and answer become less likely.")
    ] = 1.0
    beams: Annotated[
        int, Field(ge=1, le=5, description="Above 1: beam search; the answer comes as a whole, at temperature 0.")
    ] = 1
    max_tokens: Annotated[int, Field(ge=1, le=MAX_ANSWER_TOKENS, description="Longest answer, in tokens.")] = (
        DEFAULT_ANSWER_TOKENS
    )
    mode: Annotated[
        Literal["auto", "generate", "quote"],
        Field(
            description="`auto`: the model's words where the passages support them, else the documents' own; "
            "`generate`: the model's in any case; `quote`: the documents' own, without the model."
        ),
    ] = "auto"
    samples: Annotated[
        int, Field(ge=1, le=5, description="Drafts, of which the one that agrees best with the others is the answer.")
    ] = 1
    seed: Annotated[int, Field(ge=0, le=2**63 - 1, description="Makes sampling repeatable.")] | None = None

    @model_validator(mode="after")
    def _beams_do_not_sample(self) -> Self:
        if self.beams > 1 and self.temperature > 0:
            raise ValueError("beams go with temperature 0: a beam search draws nothing by lot")
        return self


class Question(Strict):
    """A question to the documents of a collection."""

    question: QueryText
    collection: CollectionName = "default"
    history: Annotated[list[Turn], Field(max_length=50)] = []
    conversation_id: Annotated[
        Identifier | None,
        Field(description="A conversation kept by the service, in place of `history`; a new id begins one."),
    ] = None
    filter: Metadata | None = None
    options: AskOptions = AskOptions()
    stream: bool = False

    @model_validator(mode="after")
    def _one_history(self) -> Self:
        if self.history and self.conversation_id is not None:
            raise ValueError(
                "give either `history` or `conversation_id`: the service knows what was said in the latter"
            )
        return self


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


class ClaimDetails(BaseModel):
    """A sentence of the answer (its text from `start` to `end`), and what supports it."""

    start: int
    end: int
    verdict: Literal["supported", "partly", "unsupported"]
    score: Annotated[float, Field(description="Calibrated chance that the passages support it.")]
    evidence: Annotated[CitationDetails | None, Field(description="What says most of it; null if it is unsupported.")]


class ShortAnswer(BaseModel):
    """The words of the answer's text, from `start` to `end`, that answer the question themselves."""

    text: str
    start: int
    end: int


class UsageDetails(BaseModel):
    """Tokens and times of the generation."""

    prompt_tokens: int
    completion_tokens: int
    first_token_milliseconds: float
    total_milliseconds: float
    finish_reason: str
    reused_tokens: Annotated[int, Field(description="Of the prompt, read before for another that begins the same.")]
    guessed_tokens: Annotated[int, Field(description="Of the answer, looked up in the prompt and checked.")]
    accepted_tokens: Annotated[int, Field(description="Guessed tokens that the model chose.")]


class AnswerDetails(BaseModel):
    """An answer with everything needed to check it."""

    request_id: str
    conversation_id: str | None
    answer: str
    short_answer: Annotated[
        ShortAnswer | None,
        Field(description="Where a sentence is quoted that is likely to answer: its words that do, by the reader."),
    ]
    citations: Sequence[CitationDetails]
    passages: Sequence[SearchHit]
    abstained: bool
    claims: Sequence[ClaimDetails]
    trace: TraceDetails
    usage: UsageDetails | None
