from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.transformers_model import TransformersModel
from generation.types import GenerationOptions, Message
from retrieval.errors import Incomplete, InvalidRequest
from tests.generation.tiny_models import save_tiny_llama, save_tiny_neox

EMBEDDED = Path("models/SmolLM2-135M-Instruct")
ASKED = [Message("user", "Describe a river.")]
COLOUR = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]}

LEAVES = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.builds(
        lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more},
        st.integers(-99, 99),
        st.integers(0, 500),
    ),
    st.builds(lambda most: {"type": "string", "maxLength": most}, st.integers(0, 6)),
    st.just({"type": "string", "pattern": "^[a-c]{2,4}$"}),
    st.builds(
        lambda names: {"enum": names}, st.lists(st.text('abc"é河', max_size=3), min_size=1, max_size=3, unique=True)
    ),
)


def grown(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    lists = st.builds(lambda items, most: {"type": "array", "items": items, "maxItems": most}, inner, st.integers(0, 2))
    objects = st.builds(
        lambda properties, count: {
            "type": "object",
            "properties": properties,
            "required": list(properties)[:count],
            "additionalProperties": False,
        },
        st.dictionaries(st.sampled_from(["name", "n", "天"]), inner, max_size=3),
        st.integers(0, 3),
    )
    return st.one_of(lists, objects, st.builds(lambda one, two: {"anyOf": [one, two]}, inner, inner))


SCHEMAS = st.recursive(LEAVES, grown, max_leaves=4)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TransformersModel:
    return TransformersModel(save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny"), threads=1)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCHEMAS, st.integers(0, 99), st.sampled_from([0.0, 1.0]))
def test_a_random_model_writes_what_fits_any_bounded_schema(
    tiny: TransformersModel, schema: dict[str, Any], seed: int, temperature: float
) -> None:
    options = GenerationOptions(max_tokens=600, temperature=temperature, seed=seed)
    found = tiny.complete_json(ASKED, schema, options)
    assert jsonschema_rs.is_valid(schema, found)


def test_other_families_are_held_to_a_schema_too(tmp_path: Path) -> None:
    model = TransformersModel(save_tiny_neox(tmp_path / "neox"), threads=1)
    assert model.complete_json(ASKED, COLOUR | {"additionalProperties": False}, GenerationOptions(max_tokens=40)) in (
        {"colour": "red"},
        {"colour": "blue"},
    )


def test_a_text_that_tokens_do_not_suffice_for_is_incomplete(tiny: TransformersModel) -> None:
    with pytest.raises(Incomplete, match="more tokens"):
        tiny.complete_json(ASKED, {"type": "array", "items": COLOUR, "minItems": 9}, GenerationOptions(max_tokens=20))
    with pytest.raises(Incomplete, match="cancelled"):
        tiny.complete_json(ASKED, COLOUR, GenerationOptions(), lambda: True)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"not": {"type": "string"}},
        {"type": "string", "pattern": "("},
        {"description": "x" * 200_000},
    ],
)
def test_what_is_no_schema_or_cannot_be_held_to_is_refused(tiny: TransformersModel, schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="schema"):
        tiny.complete_json(ASKED, schema, GenerationOptions(max_tokens=5))


def test_beams_and_stop_strings_are_refused(tiny: TransformersModel) -> None:
    with pytest.raises(InvalidRequest, match="beams"):
        tiny.complete_json(ASKED, COLOUR, GenerationOptions(beams=2))


@pytest.mark.models
def test_the_embedded_model_fills_a_form(tmp_path: Path) -> None:
    model = TransformersModel(EMBEDDED, threads=2)
    form = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 20},
            "rivers": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2},
            "population": {"type": "integer", "minimum": 0, "maximum": 50_000_000},
            "capital": {"type": "boolean"},
        },
        "required": ["city", "rivers", "population", "capital"],
        "additionalProperties": False,
    }
    asked = [Message("user", "Paris is the capital of France, on the Seine. Describe it as JSON.")]
    found = model.complete_json(asked, form, GenerationOptions(max_tokens=100))
    assert jsonschema_rs.is_valid(form, found)
