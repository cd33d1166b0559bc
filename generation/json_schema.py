"""JSON schemas as callers give them: looked at once, before a model is asked, and again with what it wrote."""

import json
from collections.abc import Mapping

import jsonschema_rs

from retrieval.errors import InvalidRequest
from retrieval.types import Json

# What a schema may take as JSON. Larger ones make grammars whose masks take longer than the model.
_MOST_CHARACTERS = 100_000


class UnfitJson(ValueError):
    """A text that is no JSON, or none that fits the schema; the message says where."""


class JsonSchema:
    """One schema with its validator."""

    def __init__(self, schema: Mapping[str, Json]) -> None:
        """Raises `InvalidRequest` if it is no schema, too large, or leans on others elsewhere."""
        try:
            self.text = json.dumps(schema)
        except (TypeError, ValueError) as error:
            raise _refused("it is not JSON") from error
        if len(self.text) > _MOST_CHARACTERS:
            raise _refused(f"it has {len(self.text):,} characters; at most {_MOST_CHARACTERS:,} can be used")
        try:
            self._validator = jsonschema_rs.validator_for(
                dict(schema),
                retriever=_nothing_elsewhere,
                pattern_options=jsonschema_rs.RegexOptions(),  # linear time: a schema may come from anywhere
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise _refused(str(error).partition("\n")[0][:300]) from error

    def parse(self, text: str) -> Json:
        """The value that the text writes down; raises `UnfitJson`."""
        try:
            value = json.loads(text)
        except ValueError as error:
            raise UnfitJson(f"this is not JSON: {error}") from error
        fault = next(iter(self._validator.iter_errors(value)), None)
        if fault is not None:
            place = "/".join(map(str, fault.instance_path))
            raise UnfitJson(f"{fault.message} (at /{place})")
        return value


def _nothing_elsewhere(uri: str) -> Json:
    raise ValueError(f"{uri} cannot be read: a schema must hold all that it refers to")


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest(f"This JSON schema cannot be used: {reason}.", field="response_schema")
