"""What goes over HTTP about the service itself."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel


class Readiness(BaseModel):
    """Whether the service can answer, and what is missing."""

    ready: bool
    reasons: Sequence[str]


class Health(BaseModel):
    """The process is up."""

    status: Literal["ok"] = "ok"
