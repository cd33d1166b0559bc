"""A named route: example questions that it is known by, and what it changes for questions like them."""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.routing.names import AnyRouteName

MAX_ROUTES = 50
MAX_EXAMPLES = 200  # of a route
# Fewer than this cannot be judged by each other.
FEWEST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """What a route changes; what is not set stays as the request has it."""

    instruction: str = ""  # joins the system prompt
    passages: int | None = None  # in place of the default number
    source: AnyRouteName | None = None  # in place of `auto`; none: nothing is searched


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of question."""

    name: str
    examples: Sequence[str]
    settings: RouteSettings
