"""What goes over HTTP about questions to the graph."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from app.schemas.fields import CollectionName, QueryText, Strict, not_blank
from app.schemas.search import TraceDetails
from retrieval.graph.cypher_guard import MAX_CHARACTERS


class CypherQuestion(Strict):
    """A question to the graph of a collection, or a reading statement of Cypher in its place."""

    question: QueryText | None = None
    cypher: Annotated[
        str | None,
        Field(min_length=1, max_length=MAX_CHARACTERS, description="One statement that reads the collection's graph."),
        AfterValidator(lambda cypher: None if cypher is None else not_blank(cypher)),
    ] = None
    collection: CollectionName = "default"

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.question is None) == (self.cypher is None):
            raise ValueError("give `question` or `cypher`, one of the two")
        return self


class ProvenanceDetails(BaseModel):
    """A place that the answer stands on; offsets are those of the document's text, as citations have them."""

    chunk_id: str
    document_id: str
    document: str
    page: int | None
    start: int
    end: int
    quote: str


class CypherAnswer(BaseModel):
    """The rows that answer, and the statement that gave them."""

    request_id: str
    cypher: Annotated[str | None, Field(description="Null: none could be written; `reason` says why.")]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    cut: Annotated[bool, Field(description="Whether there are more rows than these.")]
    provenance: Sequence[ProvenanceDetails]
    reason: str | None
    trace: TraceDetails
