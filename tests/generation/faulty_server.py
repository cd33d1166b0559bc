"""A server of OpenAI's protocol that goes wrong in scripted ways, over real sockets. Its answer is always the same."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

ANSWER = ("It was ", "built in ", "1871 [1].")
COUNTS = {"prompt_tokens": 321, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 123}}
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class FaultyServer:
    """Listens from the start; `fault` is what it does with the next calls, `once` with the next one only."""

    def __init__(self, context_tokens: int | None = 2048) -> None:
        self.fault = "none"
        self.once: list[str] = []
        self.calls: list[dict[str, Any]] = []  # the bodies of the completions asked for
        self.headers: list[str] = []
        self.lists = True  # its models
        self.texts: list[str] = []  # what it says next instead of its answer
        self.echoes = True  # tells, on the older route, how likely the letters of a prompt are
        self.disconnected = threading.Event()  # a client has gone in the middle of an endless answer
        self._models = [{"id": "tiny", "object": "model", "max_model_len": context_tokens}]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._start(self._listen)

    def refuse(self) -> None:
        """No longer listens."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def listen(self) -> None:
        """Listens again, on the same port."""
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self._start(self._listen)

    def close(self) -> None:
        self._stopping.set()
        with suppress(OSError):
            self.refuse()
        for thread in self._threads:
            thread.join()

    def _start(self, run: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=run, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        listening = self._socket
        with suppress(OSError):
            while True:
                self._start(self._serve, listening.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head, body = _request(connection)
            if head.startswith("GET") and not self.lists:
                connection.sendall(_json({}, "500 Internal Server Error"))
                return
            if head.startswith("GET"):
                connection.sendall(_json({"object": "list", "data": self._models}))
                return
            self.headers.append(head)
            self.calls.append(json.loads(body))
            if self.texts:
                connection.sendall(_whole(self.texts.pop(0)))
            elif "/v1/completions" in head.partition("\r\n")[0] and self.echoes:
                connection.sendall(_json(_echoed(self.calls[-1]["prompt"])))
            else:
                FAULTS[self.once.pop(0) if self.once else self.fault](self, connection)

    def wait(self, seconds: float) -> None:
        """A pause that ends with the server."""
        if self._stopping.wait(seconds):
            raise OSError("the server stops")


def _request(connection: socket.socket) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or _gone()
    head, body = data.split(b"\r\n\r\n", 1)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        body += connection.recv(65536) or _gone()
    return head.decode(), body


def _gone() -> bytes:
    raise OSError("the client has gone")


def _json(body: Any, status: str = "200 OK", *headers: str) -> bytes:
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


def _event(delta: dict[str, str] | None = None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": choices, **more}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _words(*texts: str) -> bytes:
    said = (_event({"content": text}) for text in texts or ANSWER)
    return b"".join([_event({"role": "assistant", "content": ""}), *said])


def _whole(*texts: str) -> bytes:
    return STREAM + _words(*texts) + _event({}, "stop") + _event(usage=COUNTS) + b"data: [DONE]\n\n"


def _echoed(prompt: str) -> dict[str, Any]:
    """The prompt and one letter more, a token a letter, each with the log-likelihood minus its place."""
    places = list(range(len(prompt) + 1))
    logprobs = {
        "tokens": [*prompt, "!"],
        "text_offset": places,
        "token_logprobs": [None, *(-float(place) for place in places[1:])],
        "top_logprobs": None,
    }
    choice = {"index": 0, "text": f"{prompt}!", "finish_reason": "length", "logprobs": logprobs}
    return {"id": "x", "object": "text_completion", "created": 1, "model": "tiny", "choices": [choice]}


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _reset_in_headers(_server: FaultyServer, connection: socket.socket) -> None:
    connection.sendall(STREAM[:30])
    time.sleep(0.02)  # so that the bytes leave before the reset, which throws away what has not
    _reset(connection)


def _reset_in_stream(_server: FaultyServer, connection: socket.socket) -> None:
    connection.sendall(STREAM + _words())
    time.sleep(0.02)
    _reset(connection)


def _slow_first_byte(server: FaultyServer, connection: socket.socket) -> None:
    server.wait(30)
    connection.sendall(_whole())


def _silent_after_words(server: FaultyServer, connection: socket.socket) -> None:
    connection.sendall(STREAM + _words())
    server.wait(30)


def _drip(server: FaultyServer, connection: socket.socket) -> None:
    for byte in _whole():
        connection.sendall(bytes([byte]))
        server.wait(0.02)


def _endless(server: FaultyServer, connection: socket.socket) -> None:
    connection.sendall(STREAM + _words())
    try:
        while True:
            connection.sendall(_event({"content": " It was built in 1871."}))
            server.wait(0.001)
    except OSError:
        server.disconnected.set()


def _status(status: str, *headers: str) -> Callable[[FaultyServer, socket.socket], None]:
    body = {"error": {"message": "no, sk-secret", "type": "x", "param": None, "code": None}}
    return lambda _server, connection: connection.sendall(_json(body, status, *headers))


def _says(content: bytes) -> Callable[[FaultyServer, socket.socket], None]:
    return lambda _server, connection: connection.sendall(content)


FAULTS: dict[str, Callable[[FaultyServer, socket.socket], None]] = {
    "none": _says(_whole()),
    "reset in headers": _reset_in_headers,
    "reset in stream": _reset_in_stream,
    "slow first byte": _slow_first_byte,
    "silent after words": _silent_after_words,
    "drip": _drip,
    "429": _status("429 Too Many Requests", "Retry-After: 1"),
    "429 for a minute": _status("429 Too Many Requests", "Retry-After: 60"),
    "500": _status("500 Internal Server Error"),
    "503": _status("503 Service Unavailable"),
    "400": _status("400 Bad Request"),
    "401": _status("401 Unauthorized"),
    "404": _status("404 Not Found"),
    "bad JSON": _says(STREAM + b'data: {"choices": [oops\n\n'),
    "odd shape": _says(STREAM + b'data: {"choices": {"a": 1}, "usage": "none"}\n\ndata: [DONE]\n\n'),
    "odd text": _says(STREAM + b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'),
    "error in stream": _says(STREAM + b'data: {"error": {"message": "out of memory"}}\n\n'),
    "cut": _says(STREAM + _words()),
    "no counts": _says(STREAM + _words() + _event({}, "length") + b"data: [DONE]\n\n"),
    "empty": _says(STREAM),
    "wrong type": _says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Hello</html>"),
    "endless": _endless,
}
