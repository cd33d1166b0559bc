"""What goes over HTTP about questions to tables."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.schemas.fields import CollectionName, Metadata, QueryText, Strict, not_blank
from app.schemas.search import TraceDetails
from retrieval.construction.sql_guard import MAX_CHARACTERS


class SqlQuestion(Strict):
    """A question to the tables of a collection, or a SELECT in its place."""

    question: QueryText | None = None
    sql: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_CHARACTERS,
            description="One SELECT over the collection's tables, by their names.",
        ),
        AfterValidator(lambda sql: None if sql is None else not_blank(sql)),
    ] = None
    collection: CollectionName = "default"
    filter: Annotated[Metadata | None, Field(description="Which documents' tables may be read.")] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.question is None) == (self.sql is None):
            raise ValueError("give `question` or `sql`, one of the two")
        return self


class EvidenceDetails(BaseModel):
    """A row that the answer stands on; rows count from 1."""

    model_config = ConfigDict(from_attributes=True)

    document_id: str
    document: str
    table: str
    row: int
    cells: dict[str, Any]


class SqlAnswer(BaseModel):
    """The rows that answer, and the statement that gave them."""

    request_id: str
    sql: Annotated[str | None, Field(description="Null: none could be written; `reason` says why.")]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    cut: Annotated[bool, Field(description="Whether there are more rows than these.")]
    evidence: Sequence[EvidenceDetails]
    reason: str | None
    trace: TraceDetails
