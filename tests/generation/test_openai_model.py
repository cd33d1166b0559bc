"""The backend `openai` against a scripted server over real sockets."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from generation.chat_server import ServerSettings
from generation.circuit_breaker import CircuitBreaker
from generation.openai_model import CallLimits, OpenAIModel
from generation.types import GenerationOptions, Message, TextPiece, Usage
from retrieval.errors import Incomplete, InvalidRequest, ModelUnavailable, Overloaded, ScholiastError
from tests.generation.faulty_server import ANSWER, FaultyServer

MESSAGES = [Message("system", "Be brief."), Message("user", "When?")]
LIMITS = CallLimits(2.0, attempts=3, first_pause_seconds=0.02, longest_pause_seconds=2.0, probe_pause_seconds=0.05)
Made = Callable[..., OpenAIModel]


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def make(server: FaultyServer) -> Iterator[Made]:
    models = []

    def made(ready: bool = True, limits: CallLimits = LIMITS, failures: int = 50, **more: Any) -> OpenAIModel:
        settings = ServerSettings(server.url, "tiny", "sk-secret", connect_seconds=0.5, read_seconds=0.5)
        models.append(OpenAIModel(settings, limits, CircuitBreaker(failures, 0.3), **more))
        if ready:
            wait_until(lambda: not models[-1].missing)
            server.calls.clear()
        return models[-1]

    yield made
    for model in models:
        model.close()


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def said(model: OpenAIModel, **options: Any) -> tuple[str, Usage]:
    pieces = list(model.stream(MESSAGES, GenerationOptions(**options), lambda: False))
    assert pieces[-1].usage is not None
    return "".join(piece.text for piece in pieces), pieces[-1].usage


def test_the_text_comes_in_pieces_with_the_counts_of_the_server(make: Made) -> None:
    pieces = list(make().stream(MESSAGES, GenerationOptions(), lambda: False))
    assert [piece.text for piece in pieces if piece.text] == list(ANSWER)
    usage = pieces[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.reused_tokens) == (321, 9, 123)
    assert usage.finish_reason == "stop"
    assert 0 < usage.first_token_milliseconds <= usage.total_milliseconds


def test_messages_and_options_reach_the_server(make: Made, server: FaultyServer) -> None:
    model = make()
    said(model)
    said(model, temperature=0.7, top_p=0.5, top_k=9, seed=3, max_tokens=5, stop=("a", "b", "c", "d", "e"))
    plain, sampled = server.calls
    assert plain["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "When?"}]
    assert (plain["model"], plain["temperature"], plain["stream"]) == ("tiny", 0.0, True)
    assert not plain.keys() & {"seed", "stop", "top_k"}
    expected = {"temperature": 0.7, "top_p": 0.5, "top_k": 9, "seed": 3, "max_tokens": 5, "stop": ["a", "b", "c", "d"]}
    assert expected.items() <= sampled.items()


def test_a_stop_string_that_the_server_was_not_told_of_ends_the_text(make: Made) -> None:
    text, usage = said(make(), stop=("1", "2", "3", "4", "built in 18"))
    assert text == "It was "  # "1" comes later than the fifth
    assert usage.finish_reason == "stop"


def test_tokens_are_estimated_where_the_server_does_not_count(make: Made, server: FaultyServer) -> None:
    model = make()
    server.fault = "no counts"
    _, usage = said(model)
    assert usage.prompt_tokens == model.count_tokens(MESSAGES) > 10
    assert usage.completion_tokens == len(ANSWER)
    assert usage.finish_reason == "length"


def test_a_server_that_never_ends_is_cut_at_what_was_asked_for(make: Made, server: FaultyServer) -> None:
    model = make()
    server.fault = "endless"
    text, usage = said(model, max_tokens=20)
    assert usage.finish_reason == "length"
    assert 20 < len(text) < 20 * 8 + 40
    assert server.disconnected.wait(5)


@pytest.mark.parametrize("fault", ["slow first byte", "silent after words", "endless"])
def test_cancelling_ends_the_call_at_once_and_closes_its_connection(
    make: Made, server: FaultyServer, fault: str
) -> None:
    model = make()
    server.fault = fault
    started = time.monotonic()
    pieces = list(model.stream(MESSAGES, GenerationOptions(max_tokens=10**6), lambda: time.monotonic() > started + 0.2))
    assert time.monotonic() < started + 1.0
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.finish_reason == "cancelled"
    assert fault != "endless" or server.disconnected.wait(1)  # sooner than any deadline would end it


def test_a_caller_that_stops_reading_closes_the_connection(make: Made, server: FaultyServer) -> None:
    model = make()
    server.fault = "endless"
    stream: Any = model.stream(MESSAGES, GenerationOptions(max_tokens=10**6), lambda: False)
    assert isinstance(next(stream), TextPiece)
    stream.close()
    assert server.disconnected.wait(1)


@pytest.mark.parametrize("fault", ["reset in headers", "429", "500", "503"])
def test_what_may_pass_is_tried_again(make: Made, server: FaultyServer, fault: str) -> None:
    model = make()
    server.once = [fault]
    started = time.monotonic()
    assert said(model)[0] == "".join(ANSWER)
    assert len(server.calls) == 2
    assert fault != "429" or time.monotonic() > started + 1.0  # as its Retry-After said


@pytest.mark.parametrize(("fault", "calls"), [("500", 3), ("reset in headers", 3), ("400", 1), ("bad JSON", 1)])
def test_only_so_often_and_only_what_may_pass(make: Made, server: FaultyServer, fault: str, calls: int) -> None:
    model = make()
    server.fault = fault
    with pytest.raises(ModelUnavailable):
        said(model)
    assert len(server.calls) == calls


@pytest.mark.parametrize("fault", ["reset in stream", "cut", "silent after words"])
def test_nothing_is_tried_again_after_the_first_word(make: Made, server: FaultyServer, fault: str) -> None:
    model = make()
    server.fault = fault
    heard = []
    with pytest.raises(ModelUnavailable):
        heard.extend(piece.text for piece in model.stream(MESSAGES, GenerationOptions(), lambda: False))
    assert len(server.calls) == 1
    assert "".join(ANSWER).startswith("".join(heard))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("400", ["400", "SCHOLIAST_GENERATOR_CONTEXT_TOKENS"]),
        ("401", ["key", "SCHOLIAST_GENERATOR_API_KEY"]),
        ("404", ["SCHOLIAST_GENERATOR_MODEL", "/v1"]),
        ("500", ["500"]),
        ("slow first byte", ["0.5 seconds", "SCHOLIAST_GENERATOR_READ_SECONDS"]),
        ("drip", ["2 seconds", "SCHOLIAST_GENERATOR_TOTAL_SECONDS"]),
        ("bad JSON", ["/v1"]),
        ("odd shape", ["/v1"]),
        ("odd text", ["/v1"]),
        ("wrong type", ["/v1"]),
        ("error in stream", ["500"]),
        ("empty", ["middle"]),
    ],
)
def test_every_failure_says_what_to_do_and_no_secret(
    make: Made, server: FaultyServer, fault: str, words: Sequence[str]
) -> None:
    model = make()
    server.fault = fault
    with pytest.raises(ModelUnavailable) as failure:
        said(model)
    for word in words:
        assert word in failure.value.detail
    assert "sk-secret" not in failure.value.detail
    assert server.url not in failure.value.detail


def test_a_server_that_wants_to_be_left_alone_for_long_is_not_waited_for(make: Made, server: FaultyServer) -> None:
    model = make()
    server.fault = "429 for a minute"
    started = time.monotonic()
    with pytest.raises(Overloaded) as failure:
        said(model)
    assert failure.value.retry_after == 60
    assert time.monotonic() < started + 1
    assert len(server.calls) == 1


def test_the_key_is_sent_and_never_logged(make: Made, server: FaultyServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    model = make()
    server.fault = "401"  # its message repeats the key
    with pytest.raises(ModelUnavailable):
        said(model)
    assert "authorization: bearer sk-secret" in server.headers[-1].lower()
    assert "answered 401: " in caplog.text
    assert "sk-secret" not in caplog.text


def test_the_context_is_the_server_s_unless_it_is_set(make: Made) -> None:
    assert make().context_tokens == 2048
    assert make(context_tokens=1000).context_tokens == 1000
    assert make(ready=False).context_tokens in (2048, 4096)  # before the server has told, a careful guess


def test_a_server_that_cannot_list_its_models_is_asked_all_the_same(make: Made, server: FaultyServer) -> None:
    server.lists = False
    model = make()
    assert said(model)[0] == "".join(ANSWER)
    assert model.context_tokens == 4096


def test_a_server_that_comes_later_is_found(make: Made, server: FaultyServer) -> None:
    server.refuse()
    model = make(ready=False)
    wait_until(lambda: "SCHOLIAST_GENERATOR_URL" in "".join(model.missing))
    with pytest.raises(ScholiastError):
        said(model)
    server.listen()
    wait_until(lambda: not model.missing)
    assert said(model)[0] == "".join(ANSWER)


def test_a_server_without_the_model_is_missing_and_the_reason_is_said(make: Made, server: FaultyServer) -> None:
    server.fault = "404"
    model = make(ready=False)
    wait_until(lambda: "SCHOLIAST_GENERATOR_MODEL" in "".join(model.missing))
    server.fault = "none"
    wait_until(lambda: not model.missing)


def test_a_server_that_keeps_failing_is_left_alone_and_then_tried_again(make: Made, server: FaultyServer) -> None:
    model = make(failures=3)
    server.fault = "500"
    with pytest.raises(ModelUnavailable):
        said(model)
    assert len(server.calls) == 3
    with pytest.raises(Overloaded, match="3 times in a row") as failure:
        said(model)
    assert failure.value.retry_after == 1
    assert len(server.calls) == 3
    assert "keeps failing" in "".join(model.missing)
    server.fault = "none"
    wait_until(lambda: not model.missing)
    assert said(model)[0] == "".join(ANSWER)


def test_a_refusal_of_the_request_says_nothing_of_the_server(make: Made, server: FaultyServer) -> None:
    model = make(failures=2)
    server.fault = "400"
    for _ in range(4):
        with pytest.raises(ModelUnavailable, match="400"):
            said(model)
    assert not model.missing


YEAR = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}


def test_json_is_asked_for_by_its_schema_and_checked(make: Made, server: FaultyServer) -> None:
    model = make()
    server.texts = ['{"year": 1871}']
    assert model.complete_json(MESSAGES, YEAR, GenerationOptions()) == {"year": 1871}
    assert server.calls[-1]["response_format"]["json_schema"]["schema"] == YEAR


def test_json_that_does_not_fit_is_mended_once_with_the_reason(make: Made, server: FaultyServer) -> None:
    model = make()
    server.texts = ['{"year": "in 1871"}', '{"year": 1871}']
    assert model.complete_json(MESSAGES, YEAR, GenerationOptions()) == {"year": 1871}
    assert [turn["role"] for turn in server.calls[-1]["messages"]] == ["system", "user", "assistant", "user"]
    assert "integer" in server.calls[-1]["messages"][-1]["content"]
    server.texts = ["no JSON", '{"year": null}', '{"year": 1871}']
    with pytest.raises(Incomplete, match="schema"):
        model.complete_json(MESSAGES, YEAR, GenerationOptions())
    assert server.texts == ['{"year": 1871}']
    with pytest.raises(InvalidRequest, match="schema"):
        model.complete_json(MESSAGES, {"type": "nonsense"}, GenerationOptions())


def test_choices_are_scored_where_the_server_echoes(make: Made, server: FaultyServer) -> None:
    prompt = len("Be brief.\n\nWhen?\n")
    scores = make().score(MESSAGES, ["1871", "no"])
    assert [score.token_log_likelihoods for score in scores] == [
        tuple(-float(prompt + place) for place in range(count)) for count in (4, 2)
    ]
    assert server.calls[-1]["echo"] is True


@pytest.mark.parametrize("fault", ["404", "400", "wrong type"])
def test_a_server_that_cannot_score_says_so(make: Made, server: FaultyServer, fault: str) -> None:
    model = make()
    server.echoes, server.fault = False, fault
    with pytest.raises(InvalidRequest, match="echo"):
        model.score(MESSAGES, ["1871"])


def test_a_busy_server_is_no_server_that_cannot_score(make: Made, server: FaultyServer) -> None:
    model = make()
    server.echoes, server.fault = False, "503"
    with pytest.raises(ModelUnavailable, match="503"):
        model.score(MESSAGES, ["1871"])


def test_other_ways_of_sampling_are_passed_on_and_beams_refused(make: Made, server: FaultyServer) -> None:
    model = make()
    said(model, temperature=1.0, min_p=0.1, repetition_penalty=1.2)
    assert (server.calls[-1]["min_p"], server.calls[-1]["repetition_penalty"]) == (0.1, 1.2)
    said(model)
    assert not {"min_p", "repetition_penalty", "top_k", "response_format"} & set(server.calls[-1])
    with pytest.raises(InvalidRequest, match="beams"):
        said(model, beams=2)
