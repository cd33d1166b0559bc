"""The OpenAI-compatible routes, asked by the official client."""

import json
from itertools import pairwise
from typing import Any

import openai
import pytest

from generation.prompts import ENGLISH
from generation.types import Message
from retrieval.errors import ModelUnavailable, Overloaded
from tests.app.conftest import Running

TEXT = "The lighthouse was built in 1871. Its keeper was called Marta."
QUESTION = "When was the lighthouse built?"
ANSWER = "It was built in 1871 [1]. The keeper was called Marta [9]."
UNSUPPORTED = "Elephants dance upon purple mountains."


@pytest.fixture
def client(running: Running) -> openai.OpenAI:
    running.add(TEXT)
    return openai.OpenAI(base_url="http://testserver/v1", api_key="unused", http_client=running.client, max_retries=0)


def user(text: str = QUESTION) -> dict[str, Any]:
    return {"role": "user", "content": text}


def streamed(client: openai.OpenAI, **more: Any) -> list[Any]:
    return list(client.chat.completions.create(model="scholiast", messages=[user()], stream=True, **more))


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_an_answer_comes_with_its_citations_and_usage(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue(ANSWER)
    answer = client.chat.completions.create(model="scholiast", messages=[user()])
    assert answer.id.startswith("chatcmpl-")
    assert answer.object == "chat.completion"
    assert answer.model == "scholiast"
    (choice,) = answer.choices
    assert choice.message.role == "assistant"
    assert choice.message.content == "It was built in 1871 [1]. The keeper was called Marta [1]."
    assert choice.finish_reason == "stop"
    assert [citation["n"] for citation in answer.citations] == [1, 1]
    assert all(citation["quote"] in TEXT for citation in answer.citations)
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


@pytest.mark.parametrize(
    ("said", "question"),
    [
        (ANSWER, QUESTION),
        (f"{UNSUPPORTED} It was built in 1871.", QUESTION),
        (f"It was built in 1871 [1]. {UNSUPPORTED}", QUESTION),
        (UNSUPPORTED, QUESTION),
        ("[9] [8]", QUESTION),
        ("never asked", "灯塔建于何时？"),
    ],
)
def test_the_streamed_pieces_are_the_answer_that_comes_whole(
    running: Running, client: openai.OpenAI, said: str, question: str
) -> None:
    running.model.answers = [said, said]
    asked = {"model": "scholiast", "messages": [user(question)]}
    whole = client.chat.completions.create(**asked)
    running.model.answers = [said]
    chunks = list(client.chat.completions.create(**asked, stream=True))
    assert text_of(chunks) == whole.choices[0].message.content
    assert chunks[-1].citations == whole.citations
    assert chunks[-1].abstained == whole.abstained


def test_a_draft_without_support_is_never_shown(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue(UNSUPPORTED)
    chunks = streamed(client)
    assert "lephant" not in text_of(chunks)
    assert "“" in text_of(chunks)
    assert len([chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]) == 1


def test_text_streams_in_pieces_once_its_first_sentence_is_supported(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue("It was built in 1871. The keeper of the lighthouse was called Marta by all.")
    pieces = [chunk.choices[0].delta.content for chunk in streamed(client) if chunk.choices[0].delta.content]
    assert pieces[0].startswith("It was built in 1871 [1].")
    assert len(pieces) > 5


def test_a_stream_has_the_form_that_clients_expect(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue(ANSWER)
    chunks = streamed(client)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(first.id == second.id and first.created == second.created for first, second in pairwise(chunks))
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert chunks[-1].citations
    assert chunks[-1].usage.completion_tokens > 0


def test_usage_comes_once_and_apart_when_it_is_asked_for(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue(ANSWER)
    *chunks, last = streamed(client, stream_options={"include_usage": True})
    assert last.choices == []
    assert last.usage.total_tokens > 0
    assert [chunk for chunk in chunks if chunk.usage] == []
    assert chunks[-1].citations == last.citations


def test_a_stream_ends_with_done(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue(ANSWER)
    request = {"model": "scholiast", "messages": [user()], "stream": True}
    with running.client.stream("POST", "/v1/chat/completions", json=request) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"


def test_earlier_turns_are_the_history_and_system_messages_are_not_obeyed(
    running: Running, client: openai.OpenAI
) -> None:
    running.model.enqueue(ANSWER)
    client.chat.completions.create(
        model="scholiast",
        messages=[
            {"role": "system", "content": "Speak like a pirate."},
            {"role": "developer", "content": "Never cite."},
            user("Which lighthouse?"),
            {"role": "assistant", "content": "The one at the cape."},
            {"role": "assistant", "content": None},
            {"role": "user", "content": [{"type": "text", "text": "When was"}, {"type": "text", "text": "it built?"}]},
        ],
    )
    prompt = running.model.prompts[-1]
    assert prompt[0] == Message("system", ENGLISH.system)
    asked = prompt[-1].content
    assert "Earlier question: Which lighthouse?" in asked
    assert "Earlier answer: The one at the cape." in asked
    assert asked.endswith("Question: When was\nlighthouse built?")
    assert not any("pirate" in message.content or "Never cite" in message.content for message in prompt)


def test_a_long_conversation_keeps_its_latest_turns(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue(ANSWER)
    turns = [
        turn for n in range(300) for turn in (user(f"Question {n}?"), {"role": "assistant", "content": f"No {n}."})
    ]
    client.chat.completions.create(model="scholiast", messages=[*turns, user()])
    asked = running.model.prompts[-1][-1].content
    assert "No 299." in asked
    assert "Question 270?" not in asked


def test_options_reach_the_model(running: Running, client: openai.OpenAI) -> None:
    running.model.answers = [ANSWER] * 4
    create = client.chat.completions.create
    create(model="scholiast", messages=[user()])
    create(model="scholiast", messages=[user()], temperature=0.5, top_p=0.9, max_tokens=7, seed=-1, stop="END", n=1)
    create(model="scholiast", messages=[user()], max_tokens=7, max_completion_tokens=9, stop=["a", "", "b"])
    create(model="scholiast", messages=[user()], max_tokens=100_000)
    plain, sampled, both, long = running.model.options
    assert (plain.temperature, plain.top_p, plain.seed, plain.max_tokens) == (0.0, 1.0, None, 64)
    assert (sampled.temperature, sampled.top_p, sampled.max_tokens) == (0.5, 0.9, 7)
    assert sampled.seed == 2**63 - 1
    assert sampled.stop[0] == "END"
    assert (both.max_tokens, both.stop[:2]) == (9, ("a", "b"))
    assert long.max_tokens == 1024


def test_an_answer_that_was_cut_says_so(running: Running, client: openai.OpenAI) -> None:
    running.model.reason = "length"
    running.model.answers = [ANSWER, UNSUPPORTED]
    reasons = [
        client.chat.completions.create(model="scholiast", messages=[user()]).choices[0].finish_reason for _ in "12"
    ]
    assert reasons == ["length", "stop"]  # the second is a quote, which is whole


def test_names_of_other_services_are_ignored(running: Running, client: openai.OpenAI) -> None:
    running.model.enqueue(ANSWER)
    answer = client.chat.completions.create(
        model="scholiast",
        messages=[{**user(), "name": "Ann"}],
        user="ann",
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
        tool_choice="auto",
        response_format={"type": "json_object"},
        presence_penalty=1.0,
        logprobs=True,
        extra_body={"chat_id": "x", "options": {"num_ctx": 1}},
    )
    assert answer.choices[0].message.content


def test_a_collection_is_a_model(running: Running, client: openai.OpenAI) -> None:
    running.add("The mill was built in 1902.", name="mill.txt", collection="mills")
    running.model.enqueue("The mill was built in 1902.")
    answer = client.chat.completions.create(model="scholiast/mills", messages=[user("When was the mill built?")])
    assert "1902" in (answer.choices[0].message.content or "")
    assert [model.id for model in client.models.list()] == ["scholiast", "scholiast/default", "scholiast/mills"]
    assert client.models.retrieve("scholiast/mills").id == "scholiast/mills"
    assert client.models.retrieve("scholiast").created > 0


@pytest.mark.parametrize("model", ["gpt-4o", "scholiast/nowhere", "scholiast/", "scholiast/../x", "", "Scholiast"])
@pytest.mark.parametrize("stream", [True, False])
def test_an_unknown_model_is_a_404(client: openai.OpenAI, model: str, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as failure:
        client.chat.completions.create(model=model, messages=[user()], stream=stream)
    assert failure.value.code == "model_not_found"
    assert failure.value.param == "model"


def test_an_unknown_model_cannot_be_retrieved(client: openai.OpenAI) -> None:
    for name in ("gpt-4o", "scholiast/nowhere"):
        with pytest.raises(openai.NotFoundError) as failure:
            client.models.retrieve(name)
        assert failure.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, ["model"]),
        ({"messages": []}, ["messages"]),
        ({"messages": "x"}, ["messages"]),
        ({"messages": [{"role": "assistant", "content": "x"}]}, ["messages", "question"]),
        ({"messages": [{"role": "user", "content": "  "}]}, ["messages", "question"]),
        ({"messages": [{"role": "user", "content": "x" * 10_001}]}, ["messages", "10,000"]),
        ({"messages": [{"role": "user", "content": 3}]}, ["messages.0.content", "text"]),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, ["messages.0.content", "text"]),
        ({"messages": [{"role": "user", "content": "a\x00"}]}, ["NUL"]),
        ({"messages": [{"role": "wizard", "content": "x"}]}, ["messages.0.role"]),
        ({"temperature": "hot"}, ["temperature"]),
        ({"temperature": "0.5"}, ["temperature"]),
        ({"temperature": 9}, ["temperature", "2"]),
        ({"top_p": -1}, ["top_p"]),
        ({"max_tokens": 0}, ["max_tokens"]),
        ({"max_tokens": "12"}, ["max_tokens"]),
        ({"n": 2}, ["n"]),
        ({"stop": {}}, ["stop"]),
        ({"seed": 2**70}, ["seed"]),
        ({"stream": "yes"}, ["stream"]),
        ({"stream_options": 3}, ["stream_options"]),
    ],
)
def test_bad_input_is_a_400_in_their_format(running: Running, body: dict[str, Any], words: list[str]) -> None:
    running.add(TEXT)
    request = {"model": "scholiast", "messages": [user()], **body} if body else {}
    response = running.client.post("/v1/chat/completions", json=request)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    for word in words:
        assert word in json.dumps(error)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b"null", b'{"model": "\\ud800", "messages": []}', b""])
def test_rubbish_is_a_400_in_their_format(running: Running, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = running.client.post("/v1/chat/completions", content=content, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


def test_other_routes_keep_their_own_format(running: Running) -> None:
    assert running.client.post("/v1/ask", json={}).headers["content-type"] == "application/problem+json"
    assert running.client.get("/v1/nowhere").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("said", ["", "The elephant "])
def test_a_busy_model_is_a_503_that_says_when_to_come_back(
    running: Running, client: openai.OpenAI, stream: bool, said: str
) -> None:
    running.model.failure = Overloaded("Busy.", retry_after=7)
    running.model.enqueue(said)  # without support, so nothing of it has been shown
    with pytest.raises(openai.InternalServerError) as failure:
        client.chat.completions.create(model="scholiast", messages=[user()], stream=stream)
    assert failure.value.status_code == 503
    assert failure.value.response.headers["retry-after"] == "7"
    assert failure.value.code == "overloaded"


def test_a_failure_in_the_midst_is_the_end_of_the_stream(running: Running, client: openai.OpenAI) -> None:
    running.model.failure = ModelUnavailable("The model went away.")
    running.model.enqueue("It was built in 1871. The keeper was ")
    seen: list[Any] = []
    with pytest.raises(openai.APIError, match="went away"):
        seen.extend(client.chat.completions.create(model="scholiast", messages=[user()], stream=True))
    assert text_of(seen).startswith("It was built in 1871 [1].")


def test_what_nobody_expected_is_a_500_in_their_format(running: Running, client: openai.OpenAI) -> None:
    running.model.failure = ZeroDivisionError("secret")
    running.model.enqueue("")
    with pytest.raises(openai.InternalServerError) as failure:
        client.chat.completions.create(model="scholiast", messages=[user()])
    assert failure.value.status_code == 500
    assert failure.value.code == "internal"
    assert "secret" not in failure.value.response.text


def test_a_request_that_is_too_large_is_a_413_in_their_format(running: Running) -> None:
    request = {"model": "scholiast", "messages": [user("x" * 2_000_000)]}
    for content in (json.dumps(request).encode(), iter([json.dumps(request).encode()])):
        response = running.client.post("/v1/chat/completions", content=content)
        assert response.status_code == 413
        assert response.headers["content-type"] == "application/json"
        assert response.json()["error"]["message"]
