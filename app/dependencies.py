"""What routes are given: the service, and checked cursors."""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Query, Request

from app.service import Service
from retrieval.errors import InvalidRequest


def get_service(request: Request) -> Service:
    """The service that `create_app` built."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(get_service)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before; none for the first page.")
]


def encode_cursor(position: str) -> str:
    """An opaque cursor that stands for the position."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The position of a cursor that `encode_cursor` made; raises `InvalidRequest`."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor() from error


def decode_key_cursor(cursor: str) -> int:
    """The row key that a cursor stands for; raises `InvalidRequest`."""
    position = decode_cursor(cursor)
    # 18 digits: what a 64-bit row key can hold
    if not position.isascii() or not position.isdigit() or len(position) > 18:
        raise _bad_cursor()
    return int(position)


def _bad_cursor() -> InvalidRequest:
    return InvalidRequest("The cursor is not one that this service gave; start without one.", field="cursor")
