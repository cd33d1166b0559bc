"""Routes of collections over HTTP, and what they change of an answer."""

from typing import Any

import pytest

from generation.prompts import CHINESE, ENGLISH
from retrieval.routing.default_routes import DEFAULT_ROUTES
from tests.app.conftest import Running

WORDS = ("alpha", "beta", "gamma", "eta", "iota")
ROUTES: list[dict[str, Any]] = [
    {
        "name": "leave",
        "examples": [
            f"how many days of leave and holiday {word}" for word in ("alpha", "beta", "gamma", "eta", "iota")
        ],
        "settings": {"instruction": "Give the number of days only.", "passages": 1, "source": "documents"},
    },
    {
        "name": "thanks",
        "examples": [f"thank you so kindly dear service {word}" for word in WORDS],
        "settings": {"source": "none"},
    },
    {
        "name": "journey",
        "examples": [f"which train goes over the border {word}" for word in WORDS],
        "settings": {"translation": ["multi_query"]},
    },
]


@pytest.fixture
def routed(running: Running) -> Running:
    running.add("Every employee has 25 days of leave and holiday.")
    running.add("Days of leave and holiday are asked for in writing.", name="other.txt")
    assert running.client.put("/v1/collections/default/routes", json={"routes": ROUTES}).status_code == 200
    change = {"settings": {"semantic_routing": True}}
    assert running.client.patch("/v1/collections/default", json=change).status_code == 200
    return running


def ask(running: Running, question: str, **options: Any) -> dict[str, Any]:
    running.model.answers = ["Every employee has 25 days of leave and holiday [1]."]
    response = running.client.post("/v1/ask", json={"question": question, "options": options})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def stage(answer: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in answer["trace"]["stages"] if entry["stage"] == name)
    return found


def test_a_collection_begins_with_the_routes_that_ship_and_goes_back_to_them(running: Running) -> None:
    running.add("A note.")
    shipped = running.client.get("/v1/collections/default/routes").json()["routes"]
    assert [route["name"] for route in shipped] == [route.name for route in DEFAULT_ROUTES]
    put = running.client.put("/v1/collections/default/routes", json={"routes": ROUTES})
    assert [route["name"] for route in put.json()["routes"]] == ["leave", "thanks", "journey"]
    assert put.json()["routes"][2]["settings"]["translation"] == ["multi_query"]
    assert put.json() == running.client.get("/v1/collections/default/routes").json()
    assert running.client.delete("/v1/collections/default/routes").status_code == 204
    assert running.client.get("/v1/collections/default/routes").json()["routes"] == shipped


def test_the_trace_shows_the_route_and_what_it_changed(routed: Running) -> None:
    answer = ask(routed, "how many days of leave and holiday omega")
    kind = stage(answer, "kind")
    assert kind["route"] == "leave"
    assert kind["score"] >= kind["threshold"]
    assert kind["changed"] == {"instruction": "Give the number of days only.", "k": 1, "route": "documents"}
    assert len(answer["passages"]) == 1
    system = stage(answer, "prompt")["messages"][0]["content"]
    assert system.endswith("Give the number of days only.")


def test_what_a_request_names_is_not_changed(routed: Running) -> None:
    answer = ask(routed, "how many days of leave and holiday omega", k=2, route="auto")
    assert stage(answer, "kind")["changed"] == {"instruction": "Give the number of days only."}
    assert len(answer["passages"]) == 2


def test_a_route_may_leave_the_search_out(routed: Running) -> None:
    answer = ask(routed, "thank you so kindly dear service whiskey")
    assert stage(answer, "kind")["route"] == "thanks"
    assert answer["answer"] == ENGLISH.invitation
    assert not answer["abstained"]
    assert not answer["passages"]
    assert not routed.model.prompts
    assert "no source" in stage(answer, "generate")["skipped"]


def test_small_talk_without_routes_is_met_as_friendly(running: Running) -> None:
    running.add("A note.")
    answer = ask(running, "谢谢")
    assert (answer["answer"], answer["abstained"]) == (CHINESE.invitation, False)
    assert stage(answer, "route")["reason"] == "small talk"
    assert not running.model.prompts


def test_a_question_that_nothing_answers_is_still_refused(routed: Running) -> None:
    assert routed.client.delete(f"/v1/documents/{routed.add('Soon gone.', collection='empty')}").status_code == 204
    response = routed.client.post("/v1/ask", json={"question": "which violets grow", "collection": "empty"})
    assert response.json()["abstained"]
    assert response.json()["answer"] == ENGLISH.abstention


def test_a_route_may_have_the_question_translated(routed: Running) -> None:
    answer = ask(routed, "which train goes over the border omega")
    assert stage(answer, "kind")["changed"] == {"translation": ["multi_query"]}
    assert [made["strategy"] for made in stage(answer, "translate")["strategies"]] == ["multi_query"]
    untouched = ask(routed, "which train goes over the border omega", translation="none")
    assert stage(untouched, "kind")["changed"] == {}
    assert "skipped" in stage(untouched, "translate")


def test_a_question_like_none_of_the_examples_is_answered_as_ever(routed: Running) -> None:
    kind = stage(ask(routed, "which violets grow beside northern harbours"), "kind")
    assert (kind["route"], kind["changed"]) == ("none", {})


def test_without_the_setting_no_route_is_looked_at(running: Running) -> None:
    running.add("Every employee has 25 days of leave and holiday.")
    answer = ask(running, "how many days of leave and holiday")
    assert "kind" not in [entry["stage"] for entry in answer["trace"]["stages"]]


def test_the_confusion_counts_every_example_once(routed: Running) -> None:
    found = routed.client.get("/v1/collections/default/routes/confusion").json()
    assert found["names"] == ["leave", "thanks", "journey", "none"]
    assert [sum(counts) for counts in found["counts"]] == [5, 5, 5]
    assert 0.0 <= found["accuracy"] <= 1.0


@pytest.mark.parametrize(
    "routes",
    [
        [],
        ROUTES[:1],
        [ROUTES[0], ROUTES[0]],
        [ROUTES[0], {**ROUTES[1], "name": "none"}],
        [ROUTES[0], {**ROUTES[1], "name": "Not a name"}],
        [ROUTES[0], {**ROUTES[1], "examples": ["too few"]}],
        [ROUTES[0], {**ROUTES[1], "examples": [" "] * 5}],
        [ROUTES[0], {**ROUTES[1], "examples": ["long " * 200] * 5}],
        [ROUTES[0], {**ROUTES[1], "settings": {"source": "nowhere"}}],
        [ROUTES[0], {**ROUTES[1], "settings": {"unknown": 1}}],
        [ROUTES[0], {**ROUTES[1], "settings": {"translation": ["nonsense"]}}],
    ],
)
def test_routes_that_cannot_be_told_apart_are_refused(running: Running, routes: list[Any]) -> None:
    running.add("A note.")
    assert running.client.put("/v1/collections/default/routes", json={"routes": routes}).status_code == 422


def test_a_collection_that_does_not_exist_has_no_routes(running: Running) -> None:
    assert running.client.get("/v1/collections/nowhere/routes").status_code == 404
    assert running.client.put("/v1/collections/nowhere/routes", json={"routes": ROUTES}).status_code == 404
    assert running.client.get("/v1/collections/nowhere/routes/confusion").status_code == 404


def test_routes_go_with_their_collection(routed: Running) -> None:
    assert routed.client.delete("/v1/collections/default").status_code == 204
    routed.add("Another note.")
    names = [route["name"] for route in routed.client.get("/v1/collections/default/routes").json()["routes"]]
    assert names == [route.name for route in DEFAULT_ROUTES]
