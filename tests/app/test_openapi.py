"""Generated requests against every route of the OpenAPI description: never a 500, and never an undescribed error."""

from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.app.conftest import Running

# Streams end only with their document; they have tests of their own.
_STREAMS = "/events"


@pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.slow)])
def test_no_generated_request_breaks_the_service(running: Running, examples: int) -> None:
    running.add("The lighthouse was built in 1871.", metadata={"year": 1871})
    running.model.answers = ["It was built in 1871 [1]."] * 100_000
    schema = schemathesis.openapi.from_asgi("/openapi.json", running.client.app)
    tried = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith(_STREAMS):
            continue

        bounded = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        for mode in schemathesis.GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @bounded
            def probe(case: Any) -> None:
                check(case)

            with suppress(Unsatisfiable):  # a route that nothing invalid can be sent to
                probe()
        tried.add(operation.label)
    assert len(tried) >= 21


def check(case: Any) -> None:
    response = case.call()
    assert response.status_code < 500, response.text
    if response.status_code >= 400 and states_own_error(case, response.status_code):
        case.validate_response(response, checks=[response_schema_conformance])
        assert response.json()["error"]["message"]
    elif response.status_code >= 400:
        assert response.headers["content-type"][0] == "application/problem+json"
        assert response.json()["detail"]
    elif "text/event-stream" not in response.headers.get("content-type", [""])[0]:
        case.validate_response(response, checks=[response_schema_conformance])


def states_own_error(case: Any, status: int) -> bool:
    """Whether the route says that it answers with this status in OpenAI's format, as those that imitate it do."""
    content = case.operation.definition.raw["responses"].get(str(status), {}).get("content", {})
    return str(content.get("application/json", {}).get("schema", {}).get("$ref", "")).endswith("/OpenAIError")
