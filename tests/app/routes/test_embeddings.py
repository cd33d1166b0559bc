"""Embeddings in OpenAI's format, asked by the official client."""

import base64
from typing import Any

import numpy as np
import openai
import pytest

from tests.app.conftest import Running
from tests.fakes import DIMENSION


@pytest.fixture
def client(running: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url="http://testserver/v1", api_key="unused", http_client=running.client, max_retries=0)


def vectors(answer: Any) -> np.ndarray:
    return np.array([item.embedding for item in answer.data], dtype=np.float32)


@pytest.mark.parametrize("form", [{}, {"encoding_format": "float"}])  # by default the client asks for base64
def test_the_vectors_are_those_of_the_embedder_in_order(
    running: Running, client: openai.OpenAI, form: dict[str, Any]
) -> None:
    texts = [f"Lighthouse number {n}." for n in range(70)]
    answer = client.embeddings.create(model="scholiast", input=texts, **form)
    assert [item.index for item in answer.data] == list(range(70))
    np.testing.assert_array_equal(vectors(answer), running.embedder.embed_passages(texts))
    assert answer.model == "hash"
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 3 * 70


def test_base64_holds_the_very_floats(running: Running) -> None:
    request = {"model": "hash", "input": "A lighthouse."}
    floats = running.client.post("/v1/embeddings", json=request).json()["data"][0]["embedding"]
    packed = running.client.post("/v1/embeddings", json={**request, "encoding_format": "base64"}).json()
    decoded = np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), dtype="<f4")
    np.testing.assert_array_equal(decoded, np.array(floats, dtype=np.float32))
    assert len(decoded) == DIMENSION


def test_queries_are_embedded_as_queries(running: Running, client: openai.OpenAI) -> None:
    client.embeddings.create(model="scholiast", input="When?", extra_body={"input_type": "query"})
    assert running.embedder.embedded == []
    client.embeddings.create(model="scholiast", input="Then.", extra_body={"input_type": "passage"})
    assert running.embedder.embedded == ["Then."]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", " "]}, "input"),
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2, 3]]}, "input"),
        ({"input": {"a": 1}}, "input"),
        ({"input": "\x00"}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": ["a" * 500_020] * 2}, "input"),
        ({"input": ["short", "word " * 513]}, "input"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"input_type": "document"}, "input_type"),
        ({"dimensions": 3}, "dimensions"),
        ({"dimensions": 0}, "dimensions"),
    ],
)
def test_what_cannot_be_embedded_is_a_400_that_names_it(running: Running, body: dict[str, Any], param: str) -> None:
    response = running.client.post("/v1/embeddings", json={"model": "scholiast", "input": "x", **body})
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"].split(".")[0] == param
    assert error["message"]


def test_an_unknown_model_is_a_404(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as failure:
        client.embeddings.create(model="text-embedding-3-small", input="x")
    assert failure.value.code == "model_not_found"
