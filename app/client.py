"""A small client of the HTTP API, for the command line and the demonstration."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx2

from retrieval.errors import InvalidRequest, ModelUnavailable, Overloaded, ScholiastError

Json = Any


class Client:
    """Speaks to one running service. Raises `ScholiastError` with the service's own words."""

    def __init__(self, url: str) -> None:
        self._url = url
        # An answer may take long on a small machine; connecting to this machine may not.
        self._http = httpx2.Client(base_url=url, timeout=httpx2.Timeout(300.0, connect=5.0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def ready(self) -> tuple[bool, Sequence[str]]:
        """Whether the service can answer, and if not, why."""
        try:
            found = self._http.get("/readyz").json()
        except (httpx2.TransportError, ValueError):
            return False, [f"Nothing answers at {self._url}; start it with `scholiast serve`."]
        return found["ready"], found["reasons"]

    def alive(self) -> bool:
        """Whether the service accepts requests; its models may still be loading."""
        try:
            return bool(self._http.get("/healthz").is_success)
        except httpx2.TransportError:
            return False

    def wait_until_ready(self) -> None:
        """Returns once the service can answer; raises `ModelUnavailable` when it says that it never will."""
        while not (state := self.ready())[0]:
            if not any("loading" in reason for reason in state[1]):
                raise ModelUnavailable(" ".join(state[1]))
            time.sleep(0.1)

    def upload(self, paths: Sequence[Path], collection: str) -> Sequence[Json]:
        """The accepted documents, one a file."""
        files = [("file", (path.name, path.read_bytes())) for path in paths]
        accepted: Sequence[Json] = self._json("POST", "/v1/documents", files=files, data={"collection": collection})[
            "documents"
        ]
        return accepted

    def upload_texts(self, texts: Sequence[tuple[str, str]], collection: str) -> Sequence[Json]:
        """The accepted documents for (name, text) pairs, at most 1,000."""
        documents = [{"name": name, "text": text} for name, text in texts]
        request = {"collection": collection, "documents": documents}
        accepted: Sequence[Json] = self._json("POST", "/v1/documents/text", json=request)["documents"]
        return accepted

    def unfinished(self, collection: str) -> bool:
        """Whether any document of the collection is still queued or being processed."""
        return any(
            self._json("GET", "/v1/documents", params={"collection": collection, "status": status, "limit": 1})[
                "documents"
            ]
            for status in ("queued", "processing")
        )

    def document(self, document_id: str) -> Json:
        """A document with its status."""
        return self._json("GET", f"/v1/documents/{document_id}")

    def documents(self, collection: str | None) -> Iterator[Json]:
        """All documents, page by page."""
        parameters: dict[str, str] = {"collection": collection} if collection else {}
        while True:
            page = self._json("GET", "/v1/documents", params=parameters)
            yield from page["documents"]
            if page["next_cursor"] is None:
                return
            parameters["cursor"] = page["next_cursor"]

    def reindex(self, collection: str) -> int:
        """Has every document of the collection made anew; gives their number."""
        return int(self._json("POST", f"/v1/collections/{quote(collection, safe='')}/reindex")["documents"])

    def route_confusion(self, collection: str) -> Json:
        """Which route the examples of each are taken for."""
        return self._json("GET", f"/v1/collections/{quote(collection, safe='')}/routes/confusion")

    def embedding(self) -> Json:
        """Which embedding model answers, and how far a change is."""
        return self._json("GET", "/v1/embedding-model")

    def change_embedding(self, model: str, *, force: bool = False) -> Json:
        """Begins the change to another embedding model."""
        return self._json("PUT", "/v1/embedding-model/wanted", json={"model": model, "force": force})

    def cancel_embedding(self) -> Json:
        """Gives up the change of the embedding model."""
        return self._json("DELETE", "/v1/embedding-model/wanted")

    def roll_embedding_back(self) -> Json:
        """Lets the embedding model before answer again."""
        return self._json("POST", "/v1/embedding-model/rollback")

    def forget_embedding(self) -> Json:
        """Gives up the embedding model that is kept for a rollback."""
        return self._json("DELETE", "/v1/embedding-model/kept")

    def text(self, document_id: str) -> str:
        """The extracted text of a document."""
        text: str = self._json("GET", f"/v1/documents/{document_id}/text")["text"]
        return text

    def search(self, query: str, collection: str, k: int) -> Json:
        """Hits and trace."""
        return self._json("POST", "/v1/search", json={"query": query, "collection": collection, "k": k})

    def ask(self, question: str, collection: str) -> Iterator[tuple[str, Json]]:
        """The events of a streamed answer, (name, data) each; the last one is `done`."""
        request = {"question": question, "collection": collection, "stream": True}
        with self._sent("POST", "/v1/ask", json=request) as response:
            name = ""
            for line in response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = json.loads(value)
                    if name == "error":
                        raise InvalidRequest(data["detail"])
                    yield name, data

    def _json(self, method: str, path: str, **request: Json) -> Json:
        with self._sent(method, path, **request) as response:
            response.read()
            return response.json()

    def _sent(self, method: str, path: str, **request: Json) -> "_Response":
        return _Response(self._http, self._url, method, path, request)


class _Response:
    """An open response; an error status becomes the error that the service meant."""

    def __init__(self, http: httpx2.Client, url: str, method: str, path: str, request: Json) -> None:
        self._stream = http.stream(method, path, **request)
        self._url = url

    def __enter__(self) -> httpx2.Response:
        try:
            response = self._stream.__enter__()
        except httpx2.ConnectError as error:
            raise Overloaded(
                f"Nothing answers at {self._url}; start it with `scholiast serve`.", retry_after=5
            ) from error
        if response.is_success:
            return response
        response.read()
        self._stream.__exit__(None, None, None)
        raise _error(response)

    def __exit__(self, *exception: Any) -> None:
        self._stream.__exit__(*exception)


def _error(response: httpx2.Response) -> ScholiastError:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError):
        detail = f"The service answered {response.status_code}."
    if response.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
        return Overloaded(detail, retry_after=int(response.headers.get("Retry-After", "5")))
    return InvalidRequest(detail)
