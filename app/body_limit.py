"""Says in our own words that a request body was too large; the framework, which counts, answers in plain text."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders

from app import errors, openai_errors
from retrieval.errors import TooLarge

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_Application = Callable[[MutableMapping[str, Any], _Receive, _Send], Awaitable[None]]
_STATUS = 413


class BodyLimitProblem:
    """ASGI middleware that turns the framework's plain 413 into a problem that names the limit."""

    def __init__(self, app: _Application, max_upload_mib: int) -> None:
        self._app = app
        error = TooLarge(
            f"The request is larger than {max_upload_mib} MiB; split it, or raise SCHOLIAST_MAX_UPLOAD_MIB."
        )
        self._problem = json.dumps(errors.body(error)).encode()
        self._openai_error = json.dumps(openai_errors.body(error)).encode()

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        """Serves the request."""
        replacing = False
        imitating = scope["path"].startswith(openai_errors.PATHS) if scope["type"] == "http" else False
        body = self._openai_error if imitating else self._problem

        async def replace(message: _Message) -> None:
            nonlocal replacing
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                replacing = message["status"] == _STATUS and "json" not in headers.get("content-type", "")
                if replacing:
                    headers["content-type"] = "application/json" if imitating else errors.MEDIA_TYPE
                    headers["content-length"] = str(len(body))
            elif replacing:
                message = {**message, "body": body, "more_body": False}
            await send(message)

        await self._app(scope, receive, replace if scope["type"] == "http" else send)
