"""The parts that requests and responses share: checked names and texts, and requests that refuse unknown names."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from retrieval.representations import RepresentationName, TreeSearch
from retrieval.routing.names import RouteName
from retrieval.translation.strategies import AUTO, NONE, STRATEGIES

MAX_QUERY_CHARACTERS = 10_000
MAX_TEXT_CHARACTERS = 20_000_000
MAX_ANSWER_TOKENS = 1024
DEFAULT_ANSWER_TOKENS = 64
Metadata = dict[str, Any]


def clean(text: str) -> str:
    """The text itself; raises `ValueError` for what no database or encoder takes."""
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be valid Unicode (it contains half of a surrogate pair)")
    return text


def not_blank(text: str) -> str:
    """The text itself; raises `ValueError` if nothing can be seen of it."""
    if not text.strip():
        raise ValueError("must not be empty")
    return clean(text)


def chosen_strategies(names: list[str]) -> list[str]:
    """The strategies named, each once; raises `ValueError` for unknown names, and for `auto` or `none` among others."""
    known = (*STRATEGIES, AUTO, NONE)
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"unknown name {', '.join(map(repr, unknown[:5]))}; known: {', '.join(known)}")
    if len(set(names)) > 1 and {AUTO, NONE} & set(names):
        raise ValueError(
            f"`{AUTO}` and `{NONE}` stand alone: the one leaves the choice to the gate, the other is no choice"
        )
    return [name for name in dict.fromkeys(names) if name != NONE]


# The bounds stand before the checks, so that a text that is too long is told so in characters.
CollectionName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\w[\w.\-]*$"), AfterValidator(clean)]
Identifier = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(clean)]
DocumentName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(not_blank)]
DocumentBody = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS), AfterValidator(not_blank)]
QueryText = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARACTERS), AfterValidator(not_blank)]


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


Representations = Annotated[
    list[RepresentationName],
    Field(
        min_length=1,
        description="Which representations of the chunks may find them; default: all that the collection has.",
    ),
]
TreeSearchOption = Annotated[
    TreeSearch, Field(description="The best summaries of all levels alike, or level by level from the root.")
]
ConstructFilter = Annotated[
    bool, Field(description="Whether what the query says of metadata (values, times, numbers) narrows the search.")
]
LateInteraction = Annotated[
    bool,
    Field(description="Whether token vectors help to order the candidates, in a collection that keeps them."),
]
Rerank = Annotated[bool, Field(description="Whether the learned ranker orders the candidates; else fusion does.")]
Translation = Annotated[
    list[str],
    Field(max_length=len(STRATEGIES), description="Strategies that make further queries; or `auto`, or `none`."),
    AfterValidator(chosen_strategies),
    BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": [AUTO, NONE]},
                {"type": "array", "items": {"type": "string", "enum": list(STRATEGIES)}},
            ],
            "description": "Strategies that make further queries; or `auto`: those that the gate says pay; or `none`.",
        }
    ),
]
MaxMilliseconds = Annotated[
    float | None,
    Field(gt=0, le=600_000, description="Time for it all; when it runs short, stages give way in a stated order."),
]
MaxModelCalls = Annotated[
    int, Field(ge=0, le=20, description="How often the language model may be asked while the question is translated.")
]
Route = Annotated[
    RouteName,
    Field(
        description="Which sources are asked: documents, tables by SQL, the graph; `auto`: documents, and those of the"
        " others that the question is meant for."
    ),
]
