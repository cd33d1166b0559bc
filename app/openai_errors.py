"""Errors as OpenAI clients read them, `{"error": {"message", "type", "param", "code"}}`, for routes that ask for it.

A route of the class `OpenAIRoute` answers every error this way; all others keep problem+json. Which status a kind of
error has is said in `app.errors` alone, but for input that cannot be done, which is 400 here and 422 elsewhere.
"""

import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app import errors
from app.schemas.chat import OpenAIError
from retrieval.errors import NotFound, Overloaded, ScholiastError

# Where errors that no route sees, those of the middleware, are shown so too.
PATHS = ("/v1/chat/", "/v1/models", "/v1/embeddings")
_LOGGER = logging.getLogger(__name__)
# What this service calls by another name than OpenAI's requests do.
_PARAMETERS = {"question": "messages", "collection": "model"}

RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": OpenAIError, "description": "The request cannot be done as asked."},
    404: {"model": OpenAIError, "description": "There is no such model."},
    413: {"model": OpenAIError, "description": "The request is too large."},
    422: {"model": OpenAIError, "description": "Never: what would be 422 elsewhere is 400 here."},
    500: {"model": OpenAIError, "description": "An unexpected error."},
    503: {"model": OpenAIError, "description": "Too busy, or a model is not available; `Retry-After` says when."},
}


class OpenAIRoute(APIRoute):
    """A route whose errors are in OpenAI's format."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, with its errors turned into responses."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except ScholiastError as error:
                return response(error)
            except RequestValidationError as error:
                return _invalid(error)
            except HTTPException as error:
                return _response(error.status_code, _body(error.status_code, str(error.detail)), error.headers)
            except Exception:  # the edge of these routes: the handler of all others would answer in its own format
                _LOGGER.exception("Unexpected error at %s %s", request.method, request.url.path)
                return _response(500, _body(500, "An unexpected error occurred; it has been logged.", code="internal"))

        return answered


def response(error: ScholiastError) -> Response:
    """The error as a response."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else {}
    return _response(_status(error), body(error), headers)


def body(error: ScholiastError) -> dict[str, Any]:
    """The error as an object; also what a stream carries."""
    if isinstance(error, NotFound):
        return _body(404, error.detail, "model", "model_not_found")
    shown = errors.body(error)
    field = shown.get("field", "")
    code = shown["type"].rsplit(":", 1)[-1].replace("-", "_")
    return _body(_status(error), error.detail, _PARAMETERS.get(field, field) or None, code)


def _status(error: ScholiastError) -> int:
    status: int = errors.body(error)["status"]
    return 400 if status == 422 else status


def _invalid(error: RequestValidationError) -> Response:
    found = error.errors()[0]
    path = ".".join(str(part) for part in found["loc"] if part != "body")
    message = found["msg"].removeprefix("Value error, ")
    return _response(400, _body(400, f"{path or 'body'}: {message}", path or None, "invalid_request"))


def _body(status: int, message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _response(status: int, shown: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    # Plain ASCII: a message may quote input that is not valid Unicode.
    return Response(json.dumps(shown), status, dict(headers or {}), JSONResponse.media_type)
