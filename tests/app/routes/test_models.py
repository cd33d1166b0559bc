"""The names that clients may give as `model`."""

import pytest

from tests.app.conftest import Running


def test_a_collection_is_a_model(running: Running) -> None:
    running.add("The lighthouse was built in 1871.")
    assert running.client.get("/v1/models/scholiast").json()["id"] == "scholiast"
    assert running.client.get("/v1/models/scholiast/default").json()["id"] == "scholiast/default"


@pytest.mark.parametrize("name", ["gpt-4", "scholiast/nowhere", "a%0Ab", "scholiast/%0A", "%00"])
def test_a_name_that_is_none_is_answered_in_the_format_of_openai(running: Running, name: str) -> None:
    response = running.client.get(f"/v1/models/{name}")
    assert 400 <= response.status_code < 500
    assert response.json()["error"]["message"]
