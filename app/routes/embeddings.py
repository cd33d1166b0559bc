"""Embeddings in OpenAI's format, by the model that search uses."""

import base64
from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter
from numpy.typing import NDArray

from app import openai_errors
from app.chat_request import MODEL
from app.dependencies import ServiceDep
from app.schemas.embeddings import EmbeddingList, EmbeddingRequest, EmbeddingUsage, TextEmbedding
from retrieval.errors import InvalidRequest, NotFound
from retrieval.types import Embedder

router = APIRouter(prefix="/v1", tags=["openai"], route_class=openai_errors.OpenAIRoute)

# Texts embedded in one go: the queries of searches wait no longer than that takes.
_SLICE = 32


@router.post("/embeddings", responses=openai_errors.RESPONSES)
def embed(service: ServiceDep, asked: EmbeddingRequest) -> EmbeddingList:
    """Unit vectors of the texts, as passages or (`input_type`) as queries. Longer texts than it reads are 400."""
    embedder = service.engines.embedders.active()
    name = embedder.model_id.split("@")[0]
    if asked.model not in (MODEL, name):
        raise NotFound(f"There is no embedding model '{asked.model[:64]}'; use `{MODEL}` or `{name}`.")
    tokens = embedder.count_tokens(asked.input)
    if max(tokens) > embedder.max_tokens:
        raise InvalidRequest(
            f"input {int(np.argmax(tokens))} has {max(tokens)} tokens; the model reads {embedder.max_tokens}. Cut it.",
            field="input",
        )
    vectors = _vectors(embedder, asked.input, asked.input_type == "query", asked.dimensions)
    encoded = [_base64(vector) if asked.encoding_format == "base64" else vector.tolist() for vector in vectors]
    return EmbeddingList(
        data=[TextEmbedding(index=index, embedding=embedding) for index, embedding in enumerate(encoded)],
        model=name,
        usage=EmbeddingUsage(prompt_tokens=sum(tokens), total_tokens=sum(tokens)),
    )


def _vectors(
    embedder: Embedder, texts: Sequence[str], queries: bool, dimensions: int | None
) -> list[NDArray[np.float32]]:
    vectors: list[NDArray[np.float32]] = []
    for start in range(0, len(texts), _SLICE):
        part = texts[start : start + _SLICE]
        vectors += [embedder.embed_query(text) for text in part] if queries else list(embedder.embed_passages(part))
        if dimensions not in (None, len(vectors[0])):
            raise InvalidRequest(f"The vectors of this model have {len(vectors[0])} dimensions.", field="dimensions")
    return vectors


def _base64(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
