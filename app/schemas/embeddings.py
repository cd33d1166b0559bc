"""What goes over HTTP about embeddings, in OpenAI's format: https://platform.openai.com/docs/api-reference/embeddings."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from app.schemas.chat import OpenAIRequest
from app.schemas.fields import not_blank

MAX_TEXTS = 2048
MAX_CHARACTERS = 1_000_000


def _texts(given: Any) -> list[str]:
    """The texts of an input, one or several."""
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(
            "must be a text or a list of texts; token numbers of another model cannot be read (LangChain: "
            "check_embedding_ctx_length=False)"
        )
    if len(texts) > MAX_TEXTS or sum(map(len, texts)) > MAX_CHARACTERS:
        raise ValueError(f"may hold at most {MAX_TEXTS} texts with together {MAX_CHARACTERS:,} characters")
    return [not_blank(text) for text in texts]


_TEXT = {"type": "string", "minLength": 1}
Texts = Annotated[
    list[str],
    BeforeValidator(_texts),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MAX_TEXTS}]}),
]


class EmbeddingRequest(OpenAIRequest):
    """Texts to embed."""

    model: Annotated[str, Field(max_length=200, description="`scholiast`, or the name of the embedding model.")]
    input: Texts
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, description="Refused if it is not what the model has.")] | None = None
    input_type: Annotated[
        Literal["query", "passage"] | None, Field(description="What the texts are; default `passage`.")
    ] = None


class TextEmbedding(BaseModel):
    """The unit vector of one text; in base64 the bytes of its 32-bit floats, little end first."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: Sequence[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens that were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """The vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: Sequence[TextEmbedding]
    model: str
    usage: EmbeddingUsage
