"""A named route: example questions that it is known by, and what it changes for questions like them."""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.routing.names import AnyRouteName

MAX_ROUTES = 20
MAX_EXAMPLES = 50  # of a route; all are embedded when a route is first needed, some 10 ms each
LONGEST_EXAMPLE = 500  # characters
# Fewer than this cannot be judged by each other.
FEWEST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """What a route changes; what is not set stays as the request has it."""

    instruction: str = ""  # joins the system prompt
    passages: int | None = None  # in place of the default number
    source: AnyRouteName | None = None  # in place of `auto`; none: nothing is searched
    translation: tuple[str, ...] | None = None  # strategies that make further queries; empty: none


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of question."""

    name: str
    examples: Sequence[str]
    settings: RouteSettings
