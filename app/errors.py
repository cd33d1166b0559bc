"""Turns the error tree into `application/problem+json` (RFC 9457), once, for all routes."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from retrieval.errors import (
    Conflict,
    DocumentRejected,
    Incomplete,
    InvalidRequest,
    ModelUnavailable,
    NotFound,
    Overloaded,
    ScholiastError,
    StorageFull,
    TooLarge,
    UnsupportedFile,
)

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """How a kind of error is shown: `slug` ends the stable `type`."""

    status: int
    slug: str
    title: str


PROBLEMS: dict[type[ScholiastError], Problem] = {
    InvalidRequest: Problem(422, "invalid-request", "The request cannot be done as asked"),
    NotFound: Problem(404, "not-found", "Not found"),
    Conflict: Problem(409, "conflict", "Conflict"),
    TooLarge: Problem(413, "too-large", "Too large"),
    UnsupportedFile: Problem(415, "unsupported-file", "Unsupported kind of file"),
    DocumentRejected: Problem(422, "document-rejected", "The document cannot be used"),
    Overloaded: Problem(503, "overloaded", "Too busy"),
    StorageFull: Problem(507, "storage-full", "The disk is full"),
    Incomplete: Problem(422, "incomplete", "The model did not finish"),
    ModelUnavailable: Problem(503, "model-unavailable", "A model is not available"),
}
_INTERNAL = Problem(500, "internal", "Something went wrong inside")
_PLAIN = {
    400: Problem(400, "bad-request", "Bad request"),
    404: Problem(404, "not-found", "Not found"),
    405: Problem(405, "method-not-allowed", "Method not allowed"),
    413: Problem(413, "too-large", "Too large"),
}
MEDIA_TYPE = "application/problem+json"


def body(error: ScholiastError) -> dict[str, Any]:
    """The error as a problem object; also what an `error` event of a stream carries."""
    problem = PROBLEMS.get(type(error), _INTERNAL)
    details: dict[str, Any] = {}
    if isinstance(error, InvalidRequest):
        details = {"field": error.field, "allowed": list(error.allowed)}
    return _body(problem, error.detail, {name: value for name, value in details.items() if value})


def install(app: FastAPI) -> None:
    """Registers the handlers."""
    app.add_exception_handler(ScholiastError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _own(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ScholiastError)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else {}
    shown = body(error)
    return _response(shown, headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [
        {"field": ".".join(str(part) for part in item["loc"] if part != "body") or "body", "problem": item["msg"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['problem']}" for item in found[:5])
    shown = _body(PROBLEMS[InvalidRequest], detail, {"field": found[0]["field"], "errors": found[:20]})
    return _response(shown)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = _PLAIN.get(error.status_code, Problem(error.status_code, "http-error", "The request failed"))
    return _response(_body(problem, str(error.detail), {}), error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    _LOGGER.error("Unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    return _response(_body(_INTERNAL, "An unexpected error occurred; it has been logged.", {}))


def _response(shown: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    # Plain ASCII: a message may quote input that is not valid Unicode.
    return Response(json.dumps(shown), shown["status"], dict(headers or {}), MEDIA_TYPE)


def _body(problem: Problem, detail: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": f"urn:scholiast:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        **more,
    }
